import { readChoice, readCommandLine, readInteger, UsageError } from '@sync/command-line'
import { type BrokerName, brokerNames } from './servers/brokers.ts'

/** Options from the command line and the environment. */
export interface Options {
  readonly stores: readonly string[]
  readonly buses: readonly string[]
  readonly brokers: readonly BrokerName[]
  readonly port: number
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
  --help           show this help

Examples:
  npm start
  npm start -- --broker redis --broker nats
  npm start -- --store redis://localhost:6379 --bus nats://localhost:4222

Exit code: 0 stopped by a signal · 1 failed · 2 invalid command line`

const OPTION_TYPES = { store: 'list', bus: 'list', broker: 'list', port: 'text' } as const

/**
 * Parses the command line. Missing options come from the environment, then from the defaults.
 * @throws UsageError if an option is unknown or its value is invalid
 */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options | 'help' {
  // `pnpm reference -- --port 0` passes the separator on, after the arguments of the script
  const line = readCommandLine(
    args.filter((arg) => arg !== '--'),
    OPTION_TYPES,
  )
  if (line === 'help') return line
  const { values } = line
  return {
    stores: urlsOf('--store', values.store ?? env['SYNC_STORE']),
    buses: urlsOf('--bus', values.bus ?? env['SYNC_BUS']),
    brokers: [...new Set((values.broker ?? []).map((name) => readChoice('--broker', name, brokerNames)))],
    port: readInteger('port', values.port ?? env['PORT'] ?? `${DEFAULT_PORT}`, { min: 0, max: 65_535 }),
  }
}

function urlsOf(option: string, value: string | readonly string[] | undefined): readonly string[] {
  const urls = typeof value === 'string' ? [value] : (value ?? [])
  // the error does not repeat the URL, since it may contain a password; the URL is parsed when it is opened
  if (!urls.every((url) => /^[a-z][a-z0-9+.-]*:/i.test(url))) {
    throw new UsageError(`${option}: expected a URL, such as memory: or redis://host:6379. See --help`)
  }
  return urls
}
