import { spawn } from 'node:child_process'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { catalogue } from './cli/catalogue.ts'
import { runDaemon } from './cli/daemon.ts'
import { type DaemonRequest, type DaemonResponse, requestDaemon } from './cli/protocol.ts'
import { waitFor } from './process/wait-for.ts'

const USAGE = `pnpm brokers up [NAME …]   start brokers (default: redis nats); they run until "down"
pnpm brokers status        print the URLs of the running brokers
pnpm brokers down          stop all brokers and delete their data

NAME: ${[...catalogue.keys()].join(', ')}`

const socketPath = join(tmpdir(), `sync-brokers-${userInfo().username}.sock`)

/** Sends a request to the daemon. Starts one in the background first if none is running. */
async function requestOrStartDaemon(request: DaemonRequest): Promise<DaemonResponse> {
  const answer = await requestDaemon(socketPath, request)
  if (answer) return answer
  const daemon = spawn(process.execPath, [...process.execArgv, import.meta.filename, 'daemon'], {
    detached: true,
    stdio: 'ignore',
  })
  daemon.unref()
  await waitFor(async () => (await requestDaemon(socketPath, { command: 'status' })) !== undefined, {
    condition: 'the daemon answers',
  })
  return requestOrStartDaemon(request)
}

function print({ entries, problems }: DaemonResponse): void {
  const width = Math.max(0, ...entries.map(({ name }) => name.length))
  for (const { name, url, version } of entries) console.log(`${name.padEnd(width)}  ${url}  (${version})`)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}

const [verb, ...names] = process.argv.slice(2)
switch (verb) {
  case 'up':
    print(await requestOrStartDaemon({ command: 'up', names: names.length > 0 ? names : ['redis', 'nats'] }))
    break
  case 'status': {
    const answer = await requestDaemon(socketPath, { command: 'status' })
    if (answer) print(answer)
    else console.log('no brokers are running')
    break
  }
  case 'down': {
    const answer = await requestDaemon(socketPath, { command: 'down' })
    console.log(answer ? `stopped: ${answer.entries.map(({ name }) => name).join(', ')}` : 'no brokers were running')
    break
  }
  case 'daemon':
    await runDaemon(socketPath)
    break
  default:
    console.log(USAGE)
    process.exitCode = verb === undefined ? 0 : 1
}
