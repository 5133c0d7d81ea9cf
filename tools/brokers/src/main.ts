import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readChoice, runCommand, UsageError } from '@sync/command-line'
import { catalogue } from './cli/catalogue.ts'
import { runDaemon } from './cli/daemon.ts'
import { type DaemonRequest, type DaemonResponse, type Fault, requestDaemon } from './cli/protocol.ts'
import { waitFor } from './process/wait-for.ts'

const DEFAULT_NAMES = ['redis', 'nats']
const FAULTS: readonly Fault[] = ['kill', 'pause', 'resume', 'restart']
const names = [...catalogue.keys()]

const USAGE = `Usage: pnpm brokers COMMAND [NAME …]

Runs brokers for this checkout until "down". Brokers of other checkouts are not affected.

  up [NAME …]       start brokers (default: ${DEFAULT_NAMES.join(' ')})
  status            print URL and state of each broker (also without a command)
  kill NAME …       end a broker's process with SIGKILL; its data remains
  pause NAME …      freeze a broker: connections stay open, but it does not answer
  resume NAME …     let a paused broker continue
  restart NAME …    start a broker again on the same port, with the same data
  down              stop all brokers and delete their data

  NAME              ${names.join(' | ')}

Examples:
  pnpm brokers up redis kafka
  pnpm brokers pause redis

Exit code: 0 done · 1 a broker failed to start, or is not running · 2 invalid command line`

/**
 * Socket of the daemon. The hash of this folder gives every checkout a daemon of its own; a socket's path has at most 103 characters,
 * so it cannot contain the folder itself.
 */
const socketPath = join(
  tmpdir(),
  `sync-brokers-${createHash('sha256')
    .update(import.meta.dirname)
    .digest('hex')
    .slice(0, 12)}.sock`,
)

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

function print({ entries, problems }: DaemonResponse): number {
  const width = Math.max(0, ...entries.map(({ name }) => name.length))
  for (const { name, url, version, state } of entries)
    console.log(`${name.padEnd(width)}  ${url}  (${version})${state === 'running' ? '' : `  ${state}`}`)
  for (const problem of problems) console.error(problem)
  return problems.length > 0 ? 1 : 0
}

/** Runs a command, and returns its exit code. */
async function run(words: readonly string[]): Promise<number> {
  const [verb = 'status', ...given] = words
  const command = readChoice('COMMAND', verb, ['up', 'status', ...FAULTS, 'down', 'daemon'])
  const selected = given.map((name) => readChoice('NAME', name, names))
  const isFault = (word: string): word is Fault => FAULTS.some((fault) => fault === word)
  if (command === 'up')
    return print(await requestOrStartDaemon({ command, names: selected.length > 0 ? selected : DEFAULT_NAMES }))
  if (isFault(command)) {
    if (selected.length === 0) throw new UsageError(`${command}: expected the NAME of a broker, got none. See --help`)
    const answer = await requestDaemon(socketPath, { command, names: selected })
    return print(answer ?? { entries: [], problems: ['no brokers are running; start some with "up"'] })
  }
  if (selected.length > 0) throw new UsageError(`${command}: expected no NAME, got ${selected.join(' ')}. See --help`)
  if (command === 'daemon') {
    await runDaemon(socketPath)
    return 0
  }
  const answer = await requestDaemon(socketPath, { command })
  if (command === 'status' && answer) return print(answer)
  if (command === 'status') console.log('no brokers are running')
  else console.log(answer ? `stopped: ${answer.entries.map(({ name }) => name).join(', ')}` : 'no brokers were running')
  return 0
}

process.exitCode = await runCommand(
  { usage: USAGE, options: {}, words: true, run: ({ words }) => run(words) },
  process.argv.slice(2),
)
