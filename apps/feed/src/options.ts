import { parseArgs } from 'node:util'
import { bundledFeed } from './bundled-feed.ts'

/** What the command line and the environment ask for. */
export interface Options {
  readonly store: string
  readonly bus: string
  readonly replicas: number
  /** Writes per second. */
  readonly rate: number | 'max'
  readonly file: string
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const MAX_REPLICAS = 64
const DEFAULTS = { store: 'memory:', bus: 'memory:', replicas: 3, rate: 2_000 } as const

export const usage: string = `Usage: npm start -- --headless [OPTIONS]

Replays a feed of real power outages through one instance into several others, shows how they keep up, and compares all
of them at the end with the store and with the feed.

  --store URL      where documents live        (or SYNC_STORE; default ${DEFAULTS.store})
  --bus URL        what carries changes        (or SYNC_BUS; default ${DEFAULTS.bus})
  --replicas N     instances that receive      (1 to ${MAX_REPLICAS}; default ${DEFAULTS.replicas})
  --rate R|max     writes per second           (default ${DEFAULTS.rate})
  --file FILE      .jsonl, .jsonl.gz or .jsonl.br with lines {"t": time, "key": text, "value": object or null}
                   (default: the feed that comes with it)
  --help

A bus with faults: --bus 'memory:?drop=0.2&repeat=0.1&reorder=0.1'
Exit code: 0 consistent · 1 differences, or the run failed · 2 the command line is wrong · 130 stopped by Ctrl-C`

/**
 * Reads the arguments; what they leave open comes from the environment, then from the defaults.
 * @throws UsageError
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | 'help' {
  const values = readArguments(args)
  if (values.help === true) return 'help'
  return {
    store: url('--store', values.store ?? env['SYNC_STORE'] ?? DEFAULTS.store),
    bus: url('--bus', values.bus ?? env['SYNC_BUS'] ?? DEFAULTS.bus),
    replicas: values.replicas === undefined ? DEFAULTS.replicas : replicas(values.replicas),
    rate: values.rate === undefined ? DEFAULTS.rate : rate(values.rate),
    file: values.file ?? bundledFeed,
  }
}

function readArguments(args: readonly string[]): Partial<
  Record<'store' | 'bus' | 'replicas' | 'rate' | 'file', string>
> & {
  help?: boolean
} {
  // `pnpm feed -- --rate max` hands the separator over as well
  const given = args[0] === '--' ? args.slice(1) : [...args]
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: given,
      options: {
        store: text,
        bus: text,
        replicas: text,
        rate: text,
        file: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    // Node adds advice about positional arguments, of which there are none here
    throw new UsageError((error as Error).message.split('. ')[0])
  }
}

/** The value may hold a password: it is not repeated. */
function url(option: string, value: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(value))
    throw new UsageError(`${option}: a URL is needed, such as memory: or redis://host:6379`)
  return value
}

function replicas(value: string): number {
  const count = Number(value)
  if (/^\d+$/.test(value) && count >= 1 && count <= MAX_REPLICAS) return count
  throw new UsageError(`--replicas: a whole number from 1 to ${MAX_REPLICAS} is needed, not ${JSON.stringify(value)}`)
}

function rate(value: string): number | 'max' {
  if (value === 'max') return 'max'
  if (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0) return Number(value)
  throw new UsageError(`--rate: writes per second or "max" is needed, not ${JSON.stringify(value)}`)
}
