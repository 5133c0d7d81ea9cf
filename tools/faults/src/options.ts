import { type OptionValues, readCommandLine, UsageError } from '@sync/command-line'
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

Examples:
  pnpm faults --bus streams --minutes 3
  pnpm faults --bus jetstream --seed 4711 --lose-tail

Exit code: 0 nothing was lost and all workers recovered · 1 a check failed · 2 invalid command line`,
  soak: `Usage: pnpm soak [OPTIONS]

Runs writers and replicas, each in its own process, and measures memory and open resources of each process once a second. After
a warm-up none may grow, and after close no resource may remain open. A longer run finds smaller leaks.
${SHARED_USAGE}
${MEMORY_USAGE}

Examples:
  pnpm soak --bus nats --minutes 30

Exit code: 0 no growth and no leak · 1 growth, a leak or a failed check · 2 invalid command line`,
}

/** Returns the help text of a command. */
export const usageOf = (command: Command): string => usages[command]

/** Options of both commands. */
export const OPTION_TYPES = {
  store: 'text',
  bus: 'text',
  minutes: 'text',
  seed: 'text',
  writers: 'text',
  replicas: 'text',
  rate: 'text',
  'lose-tail': 'flag',
} as const

/** Parses the arguments of a command. @throws UsageError if they are invalid */
export function parseOptions(command: Command, args: readonly string[]): Options | 'help' {
  const line = readCommandLine(args, OPTION_TYPES)
  return line === 'help' ? line : resolveOptions(command, line.values)
}

/** Validates the options of a command, and applies the defaults. @throws UsageError if they are invalid */
export function resolveOptions(command: Command, values: OptionValues<typeof OPTION_TYPES>): Options {
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
  throw new UsageError(`--${name}: expected ${expected}, got "${text}". See --help`)
}

const isBus = (name: string): name is BusName => (busNames as readonly string[]).includes(name)
