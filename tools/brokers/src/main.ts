import { spawn } from 'node:child_process'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { catalogue } from './people/catalogue.ts'
import { keep } from './people/keeper.ts'
import { type Answer, askKeeper, type Request } from './people/protocol.ts'
import { until } from './process/until.ts'

const USAGE = `pnpm brokers up [NAME …]   start them (redis and nats if none is named); they run until "down"
pnpm brokers status        print their URLs
pnpm brokers down          stop them all; their data goes

NAME: ${[...catalogue.keys()].join(', ')}`

const socketPath = join(tmpdir(), `sync-brokers-${userInfo().username}.sock`)

/** The keeper is asked; if there is none, one is started first, in the background. */
async function askOrStart(request: Request): Promise<Answer> {
  const answer = await askKeeper(socketPath, request)
  if (answer) return answer
  const keeper = spawn(process.execPath, [...process.execArgv, import.meta.filename, 'keep'], {
    detached: true,
    stdio: 'ignore',
  })
  keeper.unref()
  await until(async () => (await askKeeper(socketPath, { ask: 'status' })) !== undefined, {
    what: 'the keeper is there',
  })
  return askOrStart(request)
}

function print({ entries, problems }: Answer): void {
  const width = Math.max(0, ...entries.map(({ name }) => name.length))
  for (const { name, url, version } of entries) console.log(`${name.padEnd(width)}  ${url}  (${version})`)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}

const [verb, ...names] = process.argv.slice(2)
switch (verb) {
  case 'up':
    print(await askOrStart({ ask: 'up', names: names.length > 0 ? names : ['redis', 'nats'] }))
    break
  case 'status': {
    const answer = await askKeeper(socketPath, { ask: 'status' })
    if (answer) print(answer)
    else console.log('none is up')
    break
  }
  case 'down': {
    const answer = await askKeeper(socketPath, { ask: 'down' })
    console.log(answer ? `stopped: ${answer.entries.map(({ name }) => name).join(', ')}` : 'none was up')
    break
  }
  case 'keep':
    await keep(socketPath)
    break
  default:
    console.log(USAGE)
    process.exitCode = verb === undefined ? 0 : 1
}
