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
  const url = URL.canParse(`${target}`) ? new URL(target) : undefined
  if (url?.protocol !== 'kafka:') throw new ArgumentError('a URL is needed, such as kafka://host1,host2:9092')
  if (url.pathname !== '' && url.pathname !== '/') throw new ArgumentError('a kafka: URL has no path')
  const { brokers = '', sasl: mechanism = 'plain', ...rest } = parameters(url)
  const hosts = url.hostname.split(',').map((host) => `${host}:${url.port || 9092}`)
  const others = `${brokers}`.split(',').filter((each) => each !== '')
  const sasl = saslOf(url, `${mechanism}`)
  return {
    brokers: addresses([...(url.hostname === '' ? [] : hosts), ...others]),
    options: { ...rest, ...(sasl && { sasl }) },
  }
}

function addresses(list: readonly string[]): readonly string[] {
  if (!Array.isArray(list) || list.length === 0) throw new ArgumentError('a host is needed, such as kafka://host:9092')
  const wrong = list.find((each) => typeof each !== 'string' || !/^[\w.-]+:\d{1,5}$/.test(each))
  if (wrong !== undefined) throw new ArgumentError(`the address of a broker is host:port, not "${String(wrong)}"`)
  return list
}

function parameters(url: URL): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {}
  for (const [name, text] of url.searchParams) {
    if (!KNOWN.includes(name))
      throw new ArgumentError(`${url.protocol} has no parameter "${name}" here: it takes ${KNOWN.join(', ')}`)
    if (name === 'tls' && text !== 'true' && text !== 'false')
      throw new ArgumentError(`tls: "${text}" is none of true, false`)
    found[name] = name === 'tls' ? text === 'true' : NUMBERS.includes(name) ? numberOf(text) : text
  }
  return found
}

// checked where the option is used
const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

function saslOf({ username, password }: URL, mechanism: string): KafkaSasl | undefined {
  if (!MECHANISMS.includes(mechanism))
    throw new ArgumentError(`sasl: "${mechanism}" is none of ${MECHANISMS.join(', ')}`)
  if (username === '') return undefined
  return {
    mechanism: mechanism as KafkaSasl['mechanism'],
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  }
}
