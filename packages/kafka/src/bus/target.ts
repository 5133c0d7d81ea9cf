import { ArgumentError } from '@sync/core'
import { assertPasswordEncoded } from '@sync/core/adapter'
import type { KafkaBusOptions, KafkaSasl, KafkaTarget } from '../options.ts'

/** Broker addresses and options of a target. */
export interface ParsedTarget {
  readonly brokers: readonly string[]
  readonly options: KafkaBusOptions
}

const SASL_MECHANISMS: readonly string[] = ['plain', 'scram-sha-256', 'scram-sha-512']
const NUMBER_PARAMETERS: readonly string[] = ['partitions', 'replicas', 'maxPayloadBytes']
const KNOWN_PARAMETERS = [...NUMBER_PARAMETERS, 'client', 'topic', 'retention', 'timeout', 'tls', 'sasl', 'brokers']

/**
 * Parses a target.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if it is invalid. The message never contains the URL, which may contain a password
 */
export function parseTarget(target: KafkaTarget): ParsedTarget {
  if (typeof target !== 'string' && !(target instanceof URL)) return { brokers: checkAddresses(target), options: {} }
  assertPasswordEncoded(`${target}`)
  const parts = URL_FORMAT.exec(`${target}`)
  if (!parts) throw new ArgumentError('target: expected a URL such as kafka://host1,host2:9092')
  const [, account = '', hosts = '', path = '', query = ''] = parts
  if (path !== '' && path !== '/') throw new ArgumentError('target: expected a kafka: URL without a path, got a path')
  const { brokers = '', sasl: mechanism, ...rest } = parseParameters(query)
  const sasl = parseSasl(account, mechanism as string | undefined)
  return {
    brokers: checkAddresses([...parseHosts(hosts), ...splitList(`${brokers}`)]),
    options: { ...rest, ...(sasl && { sasl }) },
  }
}

/** Format of a URL with one or more hosts, each with its own port. `URL` supports only one host. */
const URL_FORMAT = /^kafka:(?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?)?(?:\?([^#]*))?$/

const splitList = (text: string): readonly string[] => text.split(',').filter((each) => each !== '')

/** Splits the hosts of a URL. A host without a port gets the port of the last host. */
function parseHosts(text: string): readonly string[] {
  const hosts = text === '' ? [] : text.split(',')
  const [, port = '9092'] = /:([^:]*)$/.exec(hosts.at(-1) ?? '') ?? []
  return hosts.map((host) => (host.includes(':') ? host : `${host}:${port}`))
}

function checkAddresses(list: readonly string[]): readonly string[] {
  if (!Array.isArray(list) || list.length === 0)
    throw new ArgumentError('target: expected at least one broker, as in kafka://host:9092')
  const invalid = list.find((address) => typeof address !== 'string' || !/^[\w.-]+:\d{1,5}$/.test(address))
  if (invalid !== undefined)
    throw new ArgumentError(
      `target: expected broker addresses as host:port, got "${String(invalid).replace(/.*@/s, '…@')}"`,
    )
  return list
}

function parseParameters(query: string): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {}
  for (const [name, text] of new URLSearchParams(query)) {
    if (!KNOWN_PARAMETERS.includes(name))
      throw new ArgumentError(
        `unknown parameter ${JSON.stringify(name)} of a kafka: URL; expected one of ${KNOWN_PARAMETERS.join(', ')}`,
      )
    if (name === 'tls' && text !== 'true' && text !== 'false')
      throw new ArgumentError(`tls: expected one of true, false, got ${JSON.stringify(text)}`)
    found[name] = name === 'tls' ? text === 'true' : NUMBER_PARAMETERS.includes(name) ? parseNumber(text) : text
  }
  return found
}

// validated where the option is used
const parseNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

function parseSasl(account: string, sasl: string | undefined): KafkaSasl | undefined {
  const mechanism = sasl ?? 'plain'
  if (!SASL_MECHANISMS.includes(mechanism))
    throw new ArgumentError(`sasl: expected one of ${SASL_MECHANISMS.join(', ')}, got ${JSON.stringify(mechanism)}`)
  if (account === '' && sasl !== undefined)
    throw new ArgumentError('sasl: expected a user and a password in the URL, got neither')
  if (account === '') return undefined
  const [username = '', password = ''] = account.split(/:(.*)/s).map(decode)
  if (username === '') throw new ArgumentError('target: expected a user before the password, got a password alone')
  return { mechanism: mechanism as KafkaSasl['mechanism'], username, password }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ArgumentError('target: expected user and password of the URL to be percent-encoded', { cause })
  }
}
