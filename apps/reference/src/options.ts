import { parseArgs } from 'node:util'
import { type BrokerName, brokerNames } from './servers/brokers.ts'

/** What the command line and the environment ask for. */
export interface Options {
  readonly stores: readonly string[]
  readonly buses: readonly string[]
  readonly brokers: readonly BrokerName[]
  readonly port: number
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const DEFAULT_PORT = 4_600

export const usage: string = `Usage: npm start [-- OPTIONS]

Opens a page that shows a system of replicas at work, and lets you break it and move it.

  --store URL      where documents live (or SYNC_STORE); several times: others to move to
  --bus URL        what carries changes (or SYNC_BUS); several times: others to move to
  --broker NAME    starts a broker for the time of the run, to be killed and moved to; several times for several of
                   ${brokerNames.join(', ')}. The first is store and bus where no URL says otherwise
  --port N         of the page (or PORT; default ${DEFAULT_PORT}; 0: any that is free)
  --headless       no page: replays the feed once and compares all copies; see npm start -- --headless --help
  --help           shows this`

/** Reads the command line. @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options | 'help' {
  const values = valuesOf(args)
  if (values.help) return 'help'
  return {
    stores: urlsOf('--store', values.store ?? env['SYNC_STORE']),
    buses: urlsOf('--bus', values.bus ?? env['SYNC_BUS']),
    brokers: [...new Set((values.broker ?? []).map(brokerOf))],
    port: portOf(values.port ?? env['PORT'] ?? `${DEFAULT_PORT}`),
  }
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      // `pnpm reference -- --port 0` hands the separator over as well
      args: args.filter((arg) => arg !== '--'),
      options: {
        store: { type: 'string', multiple: true },
        bus: { type: 'string', multiple: true },
        broker: { type: 'string', multiple: true },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function urlsOf(option: string, given: string | readonly string[] | undefined): readonly string[] {
  const urls = typeof given === 'string' ? [given] : (given ?? [])
  // the text itself may hold a password; what it says is read where it is opened
  if (!urls.every((url) => /^[a-z][a-z0-9+.-]*:/i.test(url))) {
    throw new UsageError(`${option}: a URL is needed, such as memory: or redis://host:6379`)
  }
  return urls
}

function brokerOf(name: string): BrokerName {
  const found = brokerNames.find((each) => each === name)
  if (found) return found
  throw new UsageError(`--broker: one of ${brokerNames.join(', ')} is needed, not "${name}"`)
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new UsageError(`--port: a number from 0 to 65535 is needed, not "${text}"`)
}
