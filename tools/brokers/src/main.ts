import { spawn } from 'node:child_process'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { catalogue } from './cli/catalogue.ts'
import { runDaemon } from './cli/daemon.ts'
import { type DaemonRequest, type DaemonResponse, requestDaemon } from './cli/protocol.ts'
import { waitFor } from './process/wait-for.ts'

const USAGE = `pnpm brokers up [NAME …]   start them (redis and nats if none is named); they run until "down"
pnpm brokers status        print their URLs
pnpm brokers down          stop them all; their data goes

NAME: ${[...catalogue.keys()].join(', ')}`

const socketPath = join(tmpdir(), `sync-brokers-${userInfo().username}.sock`)

/** The keeper is asked; if there is none, one is started first, in the background. */
async function requestOrStartDaemon(request: DaemonRequest): Promise<DaemonResponse> {
  const answer = await requestDaemon(socketPath, request)
  if (answer) return answer
  const daemon = spawn(process.execPath, [...process.execArgv, import.meta.filename, 'keep'], {
    detached: true,
    stdio: 'ignore',
  })
  daemon.unref()
  await waitFor(async () => (await requestDaemon(socketPath, { command: 'status' })) !== undefined, {
    what: 'the keeper is there',
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
    else console.log('none is up')
    break
  }
  case 'down': {
    const answer = await requestDaemon(socketPath, { command: 'down' })
    console.log(answer ? `stopped: ${answer.entries.map(({ name }) => name).join(', ')}` : 'none was up')
    break
  }
  case 'keep':
    await runDaemon(socketPath)
    break
  default:
    console.log(USAGE)
    process.exitCode = verb === undefined ? 0 : 1
}
