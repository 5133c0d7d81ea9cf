import { parseArgs } from 'node:util'
import { type BrokerName, brokerNames } from './servers/brokers.ts'

/** Options from the command line and the environment. */
export interface Options {
  readonly stores: readonly string[]
  readonly buses: readonly string[]
  readonly brokers: readonly BrokerName[]
  readonly port: number
}

/** The command line is invalid. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const DEFAULT_PORT = 4_600

export const usage: string = `Usage: npm start [-- OPTIONS]

Opens a page that shows a system of replicas, and lets you inject faults and move the system.

  --store URL      store of the documents (or SYNC_STORE); repeat it to add stores to move to
  --bus URL        bus for the changes (or SYNC_BUS); repeat it to add buses to move to
  --broker NAME    start a broker for this run, which can be killed and moved to; repeat it to start several of
                   ${brokerNames.join(', ')}. The first is store and bus unless a URL is given
  --port N         port of the page (or PORT; default ${DEFAULT_PORT}; 0: any free port)
  --headless       no page: replay the feed once and compare all copies; see npm start -- --headless --help
  --help           show this help`

/**
 * Parses the command line. Missing options come from the environment, then from the defaults.
 * @throws UsageError if an option is unknown or its value is invalid
 */
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
      // `pnpm reference -- --port 0` passes the separator on
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

function urlsOf(option: string, value: string | readonly string[] | undefined): readonly string[] {
  const urls = typeof value === 'string' ? [value] : (value ?? [])
  // the error does not repeat the URL, since it may contain a password; the URL is parsed when it is opened
  if (!urls.every((url) => /^[a-z][a-z0-9+.-]*:/i.test(url))) {
    throw new UsageError(`${option}: expected a URL, such as memory: or redis://host:6379`)
  }
  return urls
}

function brokerOf(name: string): BrokerName {
  const found = brokerNames.find((each) => each === name)
  if (found) return found
  throw new UsageError(`--broker: expected one of ${brokerNames.join(', ')}, got '${name}'`)
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new UsageError(`--port: expected a number from 0 to 65535, got '${text}'`)
}
