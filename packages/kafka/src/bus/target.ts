import { ArgumentError } from '@sync/core'
import type { KafkaBusOptions, KafkaSasl, KafkaTarget } from '../options.ts'

/** Where brokers are, and what else a URL says. */
export interface ParsedTarget {
  readonly brokers: readonly string[]
  readonly options: KafkaBusOptions
}

const SASL_MECHANISMS: readonly string[] = ['plain', 'scram-sha-256', 'scram-sha-512']
const NUMBER_PARAMETERS: readonly string[] = ['partitions', 'replicas', 'maxPayloadBytes']
const KNOWN_PARAMETERS = [...NUMBER_PARAMETERS, 'client', 'topic', 'retention', 'timeout', 'tls', 'sasl', 'brokers']

/**
 * Reads a target.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong; a URL may hold a password, and is not repeated
 */
export function parseTarget(target: KafkaTarget): ParsedTarget {
  if (typeof target !== 'string' && !(target instanceof URL)) return { brokers: checkAddresses(target), options: {} }
  const parts = URL_FORMAT.exec(`${target}`)
  if (!parts) throw new ArgumentError('a URL is needed, such as kafka://host1,host2:9092')
  const [, account = '', hosts = '', path = '', query = ''] = parts
  if (path !== '' && path !== '/') throw new ArgumentError('a kafka: URL has no path')
  const { brokers = '', sasl: mechanism, ...rest } = parseParameters(query)
  const sasl = parseSasl(account, mechanism as string | undefined)
  return {
    brokers: checkAddresses([...parseHosts(hosts), ...splitList(`${brokers}`)]),
    options: { ...rest, ...(sasl && { sasl }) },
  }
}

/** The hosts may be several, each with a port of its own: more than `URL` takes. */
const URL_FORMAT = /^kafka:(?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?)?(?:\?([^#]*))?$/

const splitList = (text: string): readonly string[] => text.split(',').filter((each) => each !== '')

/** A host without a port has that of the last one. */
function parseHosts(text: string): readonly string[] {
  const hosts = text === '' ? [] : text.split(',')
  const [, port = '9092'] = /:([^:]*)$/.exec(hosts.at(-1) ?? '') ?? []
  return hosts.map((host) => (host.includes(':') ? host : `${host}:${port}`))
}

function checkAddresses(list: readonly string[]): readonly string[] {
  if (!Array.isArray(list) || list.length === 0) throw new ArgumentError('a host is needed, such as kafka://host:9092')
  const wrong = list.find((each) => typeof each !== 'string' || !/^[\w.-]+:\d{1,5}$/.test(each))
  if (wrong !== undefined) throw new ArgumentError(`the address of a broker is host:port, not "${String(wrong)}"`)
  return list
}

function parseParameters(query: string): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {}
  for (const [name, text] of new URLSearchParams(query)) {
    if (!KNOWN_PARAMETERS.includes(name))
      throw new ArgumentError(`kafka: has no parameter "${name}" here: it takes ${KNOWN_PARAMETERS.join(', ')}`)
    if (name === 'tls' && text !== 'true' && text !== 'false')
      throw new ArgumentError(`tls: "${text}" is none of true, false`)
    found[name] = name === 'tls' ? text === 'true' : NUMBER_PARAMETERS.includes(name) ? parseNumber(text) : text
  }
  return found
}

// checked where the option is used
const parseNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

function parseSasl(account: string, named: string | undefined): KafkaSasl | undefined {
  const mechanism = named ?? 'plain'
  if (!SASL_MECHANISMS.includes(mechanism))
    throw new ArgumentError(`sasl: "${mechanism}" is none of ${SASL_MECHANISMS.join(', ')}`)
  if (account === '' && named !== undefined) throw new ArgumentError('sasl: a user is needed, and a password')
  if (account === '') return undefined
  const [username = '', password = ''] = account.split(/:(.*)/s).map(decode)
  if (username === '') throw new ArgumentError('a password needs a user')
  return { mechanism: mechanism as KafkaSasl['mechanism'], username, password }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ArgumentError('user and password of a URL have to be percent-encoded', { cause })
  }
}
