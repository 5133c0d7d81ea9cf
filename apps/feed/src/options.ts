import { readCommandLine, UsageError } from '@sync/command-line'
import { bundledFeed } from './bundled-feed.ts'

/** Options from the command line and the environment. */
export interface Options {
  readonly store: string
  readonly bus: string
  readonly replicas: number
  /** Writes per second, or as fast as possible. */
  readonly rate: number | 'max'
  readonly file: string
}

const MAX_REPLICAS = 64
const DEFAULTS = { store: 'memory:', bus: 'memory:', replicas: 3, rate: 2_000 } as const

export const usage: string = `Usage: npm start -- --headless [OPTIONS]

Replays a feed of real power outages through one instance to several others, shows how they keep up, and finally compares
all of them with the store and with the feed.

  --store URL      store of the documents      (or SYNC_STORE; default ${DEFAULTS.store})
  --bus URL        bus for the changes         (or SYNC_BUS; default ${DEFAULTS.bus})
  --replicas N     receiving instances         (1 to ${MAX_REPLICAS}; default ${DEFAULTS.replicas})
  --rate R|max     writes per second           (default ${DEFAULTS.rate})
  --file FILE      .jsonl, .jsonl.gz or .jsonl.br with lines {"t": time, "key": text, "value": object or null}
                   (default: the outage feed in this repository)
  --help

Examples:
  npm start -- --headless --rate max
  npm start -- --headless --bus 'memory:?drop=0.2&repeat=0.1&reorder=0.1'    simulates a faulty bus

Exit code: 0 consistent · 1 differences found, or the run failed · 2 invalid command line · 130 stopped by Ctrl-C`

const OPTION_TYPES = { store: 'text', bus: 'text', replicas: 'text', rate: 'text', file: 'text' } as const

/**
 * Parses the command line. Missing options come from the environment, then from the defaults.
 * @throws UsageError if an option is unknown or its value is invalid
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | 'help' {
  const line = readCommandLine(args, OPTION_TYPES)
  if (line === 'help') return line
  const { values } = line
  return {
    store: url('--store', values.store ?? env['SYNC_STORE'] ?? DEFAULTS.store),
    bus: url('--bus', values.bus ?? env['SYNC_BUS'] ?? DEFAULTS.bus),
    replicas: values.replicas === undefined ? DEFAULTS.replicas : replicas(values.replicas),
    rate: values.rate === undefined ? DEFAULTS.rate : rate(values.rate),
    file: values.file ?? bundledFeed,
  }
}

/** Checks for a URL scheme. The error does not repeat the value, since it may contain a password. */
function url(option: string, value: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(value))
    throw new UsageError(`${option}: expected a URL, such as memory: or redis://host:6379. See --help`)
  return value
}

function replicas(value: string): number {
  const count = Number(value)
  if (/^\d+$/.test(value) && count >= 1 && count <= MAX_REPLICAS) return count
  throw new UsageError(`--replicas: expected an integer from 1 to ${MAX_REPLICAS}, got '${value}'. See --help`)
}

function rate(value: string): number | 'max' {
  if (value === 'max') return 'max'
  if (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0) return Number(value)
  throw new UsageError(`--rate: expected writes per second or 'max', got '${value}'. See --help`)
}
