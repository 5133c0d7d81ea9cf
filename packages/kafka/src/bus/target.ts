import { ArgumentError } from '@sync/core'
import type { KafkaBusOptions, KafkaSasl, KafkaTarget } from '../options.ts'

/** Where brokers are, and what else a URL says. */
export interface Target {
  readonly brokers: readonly string[]
  readonly options: KafkaBusOptions
}

const MECHANISMS: readonly string[] = ['plain', 'scram-sha-256', 'scram-sha-512']
const NUMBERS: readonly string[] = ['partitions', 'replicas', 'maxPayloadBytes']
const KNOWN = [...NUMBERS, 'client', 'topic', 'retention', 'timeout', 'tls', 'sasl', 'brokers']

/**
 * Reads a target.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong; a URL may hold a password, and is not repeated
 */
export function readTarget(target: KafkaTarget): Target {
  if (typeof target !== 'string' && !(target instanceof URL)) return { brokers: addresses(target), options: {} }
  const parts = SHAPE.exec(`${target}`)
  if (!parts) throw new ArgumentError('a URL is needed, such as kafka://host1,host2:9092')
  const [, account = '', hosts = '', path = '', query = ''] = parts
  if (path !== '' && path !== '/') throw new ArgumentError('a kafka: URL has no path')
  const { brokers = '', sasl: mechanism, ...rest } = parameters(query)
  const sasl = saslOf(account, mechanism as string | undefined)
  return {
    brokers: addresses([...withPorts(hosts), ...listed(`${brokers}`)]),
    options: { ...rest, ...(sasl && { sasl }) },
  }
}

/** The hosts may be several, each with a port of its own: more than `URL` takes. */
const SHAPE = /^kafka:(?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?)?(?:\?([^#]*))?$/

const listed = (text: string): readonly string[] => text.split(',').filter((each) => each !== '')

/** A host without a port has that of the last one. */
function withPorts(text: string): readonly string[] {
  const hosts = text === '' ? [] : text.split(',')
  const [, port = '9092'] = /:([^:]*)$/.exec(hosts.at(-1) ?? '') ?? []
  return hosts.map((host) => (host.includes(':') ? host : `${host}:${port}`))
}

function addresses(list: readonly string[]): readonly string[] {
  if (!Array.isArray(list) || list.length === 0) throw new ArgumentError('a host is needed, such as kafka://host:9092')
  const wrong = list.find((each) => typeof each !== 'string' || !/^[\w.-]+:\d{1,5}$/.test(each))
  if (wrong !== undefined) throw new ArgumentError(`the address of a broker is host:port, not "${String(wrong)}"`)
  return list
}

function parameters(query: string): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {}
  for (const [name, text] of new URLSearchParams(query)) {
    if (!KNOWN.includes(name))
      throw new ArgumentError(`kafka: has no parameter "${name}" here: it takes ${KNOWN.join(', ')}`)
    if (name === 'tls' && text !== 'true' && text !== 'false')
      throw new ArgumentError(`tls: "${text}" is none of true, false`)
    found[name] = name === 'tls' ? text === 'true' : NUMBERS.includes(name) ? numberOf(text) : text
  }
  return found
}

// checked where the option is used
const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

function saslOf(account: string, named: string | undefined): KafkaSasl | undefined {
  const mechanism = named ?? 'plain'
  if (!MECHANISMS.includes(mechanism))
    throw new ArgumentError(`sasl: "${mechanism}" is none of ${MECHANISMS.join(', ')}`)
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
