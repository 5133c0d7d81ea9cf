import { parseArgs } from 'node:util'
import { type BusName, busNames } from './environment/brokers.ts'

/** Parsed command line. */
export interface Options {
  readonly store: 'redis' | 'memory'
  readonly bus: BusName | 'memory'
  readonly minutes: number
  readonly seed: number
  readonly writers: number
  readonly replicas: number
  /** Writes per second of each writer. */
  readonly rate: number
  /** Whether the store may lose its last acknowledged commits. */
  readonly loseTail: boolean
}

/** The command line is invalid. */
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

/** Commands of this package. */
export type Command = 'faults' | 'soak'

const SHARED_USAGE = `
  --store redis|memory          store (default ${DEFAULTS.store})
  --bus ${busNames.join('|')}|memory
                                bus (default ${DEFAULTS.bus})
  --minutes M                   duration (default ${DEFAULTS.minutes})
  --seed S                      determines the writes, and the faults and their order (default ${DEFAULTS.seed})
  --writers N, --replicas N     number of processes (default ${DEFAULTS.writers}, ${DEFAULTS.replicas})
  --rate R                      writes per second of each writer (default ${DEFAULTS.rate})`

const MEMORY_USAGE = `
--store memory requires --bus memory. All instances then run in one process, because processes cannot share memory.`

const usages: Readonly<Record<Command, string>> = {
  faults: `Usage: pnpm faults [OPTIONS]

Runs writers and replicas, each in its own process, while brokers, connections and processes fail. At the end it removes all
faults and compares the results that the writers received with the contents of the store and the replicas.
${SHARED_USAGE}
  --lose-tail                   let the store lose its last commits now and then, which it must report
${MEMORY_USAGE}
The faults then are those of the in-memory store and bus.

Exit code: 0 nothing was lost and all workers recovered · 1 a check failed · 2 the command line is invalid`,
  soak: `Usage: pnpm soak [OPTIONS]

Runs writers and replicas, each in its own process, and measures memory and open resources of each process once a second. After
a warm-up none may grow, and after close no resource may remain open. A longer run finds smaller leaks.
${SHARED_USAGE}
${MEMORY_USAGE}

Exit code: 0 no growth and no leak · 1 growth, a leak or a failed check · 2 the command line is invalid`,
}

/** Returns the help text of a command. */
export const usageOf = (command: Command): string => usages[command]

/** Parses the arguments of a command. @throws UsageError if they are invalid */
export function parseOptions(command: Command, args: readonly string[]): Options | 'help' {
  const values = readArguments(args)
  if (values.help) return 'help'
  const { store = DEFAULTS.store } = values
  const bus = values.bus ?? (store === 'memory' ? 'memory' : DEFAULTS.bus)
  if (store !== 'redis' && store !== 'memory') throw new UsageError(`--store: expected redis or memory, got "${store}"`)
  if (bus !== 'memory' && !isBus(bus))
    throw new UsageError(`--bus: expected ${busNames.join(', ')} or memory, got "${bus}"`)
  if ((store === 'memory') !== (bus === 'memory'))
    throw new UsageError(`--store memory and --bus memory: expected both or neither, got ${store} and ${bus}`)
  const loseTail = values['lose-tail'] === true
  if (command === 'soak' && loseTail) throw new UsageError('--lose-tail: not available in a soak, which has no faults')
  const minutes = parseNumber('minutes', values.minutes)
  if (command === 'soak' && minutes < 2)
    throw new UsageError(`--minutes: expected at least 2, because the first is the warm-up, got ${minutes}`)
  return {
    store,
    bus,
    loseTail,
    minutes,
    seed: parseNumber('seed', values.seed),
    writers: parseNumber('writers', values.writers),
    replicas: parseNumber('replicas', values.replicas),
    rate: parseNumber('rate', values.rate),
  }
}

type Name = keyof typeof DEFAULTS

function readArguments(args: readonly string[]): Partial<Record<Name, string>> & {
  readonly help?: boolean
  readonly 'lose-tail'?: boolean
} {
  // `pnpm faults -- --seed 7` passes the separator as an argument
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

const numberFormats = {
  minutes: { pattern: /^\d+(\.\d+)?$/, expected: 'a number' },
  seed: { pattern: /^\d{1,9}$/, expected: 'an integer of at most 9 digits' },
  writers: { pattern: /^[1-9]\d?$/, expected: 'an integer from 1 to 99' },
  replicas: { pattern: /^[1-9]\d?$/, expected: 'an integer from 1 to 99' },
  rate: { pattern: /^[1-9]\d{0,3}$/, expected: 'an integer from 1 to 9999' },
} as const

function parseNumber(name: keyof typeof numberFormats, text: string = DEFAULTS[name]): number {
  const { pattern, expected } = numberFormats[name]
  if (pattern.test(text) && Number.isFinite(Number(text))) return Number(text)
  throw new UsageError(`--${name}: expected ${expected}, got "${text}"`)
}

const isBus = (name: string): name is BusName => (busNames as readonly string[]).includes(name)
