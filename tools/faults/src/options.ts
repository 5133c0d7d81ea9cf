import { parseArgs } from 'node:util'
import { type BusName, busNames } from './environment/brokers.ts'

/** What the command line asks for. */
export interface Options {
  readonly store: 'redis' | 'memory'
  readonly bus: BusName | 'memory'
  readonly minutes: number
  readonly seed: number
  readonly writers: number
  readonly replicas: number
  /** Writes per second of each writer. */
  readonly rate: number
  /** May the store lose the end of what it acknowledged? */
  readonly loseTail: boolean
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const DEFAULTS = {
  store: 'redis',
  bus: 'pubsub',
  minutes: '3',
  seed: '1',
  writers: '2',
  replicas: '3',
  rate: '60',
} as const

/** What can be run. */
export type Command = 'faults' | 'soak'

const SHARED_USAGE = `
  --store redis|memory          where documents live (default ${DEFAULTS.store})
  --bus ${busNames.join('|')}|memory
                                what carries changes (default ${DEFAULTS.bus})
  --minutes M                   for how long (default ${DEFAULTS.minutes})
  --seed S                      what is written, and what fails, in which order (default ${DEFAULTS.seed})
  --writers N, --replicas N     processes (default ${DEFAULTS.writers}, ${DEFAULTS.replicas})
  --rate R                      writes per second of each writer (default ${DEFAULTS.rate})`

const MEMORY_USAGE = `
--store memory goes with --bus memory: processes share no memory, so all instances are in one process there`

const usages: Readonly<Record<Command, string>> = {
  faults: `Usage: pnpm faults [OPTIONS]

Has writers and replicas at work, each in a process of its own, while brokers, connections and processes fail; then has all come
back, and compares what the writers were told with what the store and the replicas have.
${SHARED_USAGE}
  --lose-tail                   now and then the store loses its last commits, and has to tell so
${MEMORY_USAGE}, and what
fails is the store and the bus between them.
Exit code: 0 nothing was lost and all recovered · 1 something was wrong · 2 the command line is wrong`,
  soak: `Usage: pnpm soak [OPTIONS]

Has writers and replicas at work, each in a process of its own, and looks once a second at what each takes up: after a warm-up
nothing may grow, and after close nothing may be left. The longer it is, the smaller the leak it finds.
${SHARED_USAGE}
${MEMORY_USAGE}.
Exit code: 0 nothing grows · 1 something does, or was wrong · 2 the command line is wrong`,
}

/** How a command is used. */
export const usageOf = (command: Command): string => usages[command]

/** Reads the arguments of a command. @throws UsageError */
export function parseOptions(command: Command, args: readonly string[]): Options | 'help' {
  const values = readArguments(args)
  if (values.help) return 'help'
  const { store = DEFAULTS.store } = values
  const bus = values.bus ?? (store === 'memory' ? 'memory' : DEFAULTS.bus)
  if (store !== 'redis' && store !== 'memory') throw new UsageError(`--store: redis or memory, not "${store}"`)
  if (bus !== 'memory' && !isBus(bus)) throw new UsageError(`--bus: ${busNames.join(', ')} or memory, not "${bus}"`)
  if ((store === 'memory') !== (bus === 'memory'))
    throw new UsageError('memory goes with memory alone: processes share none, and one process needs no broker')
  const loseTail = values['lose-tail'] === true
  if (command === 'soak' && loseTail) throw new UsageError('--lose-tail: nothing fails in a soak')
  const minutes = parseNumber('minutes', values.minutes, /^\d+(\.\d+)?$/)
  if (command === 'soak' && minutes < 2)
    throw new UsageError('--minutes: 2 at least, the first of which is the warm-up')
  return {
    store,
    bus,
    loseTail,
    minutes,
    seed: parseNumber('seed', values.seed, /^\d{1,9}$/),
    writers: parseNumber('writers', values.writers, /^[1-9]\d?$/),
    replicas: parseNumber('replicas', values.replicas, /^[1-9]\d?$/),
    rate: parseNumber('rate', values.rate, /^[1-9]\d{0,3}$/),
  }
}

type Name = keyof typeof DEFAULTS

function readArguments(args: readonly string[]): Partial<Record<Name, string>> & {
  readonly help?: boolean
  readonly 'lose-tail'?: boolean
} {
  // `pnpm faults -- --seed 7` hands the separator over as well
  const given = args[0] === '--' ? args.slice(1) : [...args]
  const names = Object.keys(DEFAULTS) as Name[]
  const texts = Object.fromEntries(names.map((name) => [name, { type: 'string' }])) as Record<Name, { type: 'string' }>
  try {
    return parseArgs({
      args: given,
      options: { ...texts, 'lose-tail': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0])
  }
}

function parseNumber(
  name: 'minutes' | 'seed' | 'writers' | 'replicas' | 'rate',
  text: string = DEFAULTS[name],
  form: RegExp,
): number {
  if (form.test(text) && Number.isFinite(Number(text))) return Number(text)
  throw new UsageError(`--${name}: a number is needed, not "${text}"`)
}

const isBus = (name: string): name is BusName => (busNames as readonly string[]).includes(name)
