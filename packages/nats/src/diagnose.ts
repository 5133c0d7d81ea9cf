import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { type Diagnosis, diagnoseLatency } from '@sync/core/adapter'
import { openConnection } from './connection/open.ts'
import { parseTarget } from './connection/target.ts'
import { toBusError } from './errors.ts'
import { type BusSettings, resolveBusOptions } from './settings.ts'

const MIN_VERSION = [2, 9] as const

/** Checks the server of a URL. If it does not answer, the only result is its error. */
export async function* diagnose(text: string): AsyncGenerator<Diagnosis, undefined> {
  const target = parseTarget(text)
  const settings = resolveBusOptions(target.options)
  const connection = openConnection(target, { timeout: settings.timeout, connection: undefined })
  connection.start({ up() {}, down() {}, publishDenied() {} })
  try {
    const client = await connection.withConnection(async (opened) => opened)
    const address = client.getServer()
    yield { check: 'connection', result: 'ok', detail: address }
    yield version(client)
    yield payload(client, settings)
    yield await jetStream(client, settings)
    yield await diagnoseLatency(() => connection.withConnection((opened) => opened.rtt()))
  } catch (error) {
    const { message } = toBusError(error, 'the URL')
    yield { check: 'connection', result: 'fail', detail: message, remedy: 'check host, port, user and password' }
  } finally {
    await connection.close()
  }
}

function version({ info }: NatsConnection): Diagnosis {
  const [major = 0, minor = 0] = (info?.version ?? '').split('.').map(Number)
  const detail = `NATS ${info?.version}`
  const isSupported = major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])
  if (isSupported) return { check: 'version', result: 'ok', detail }
  return { check: 'version', result: 'fail', detail, remedy: `upgrade to ${MIN_VERSION.join('.')} or newer` }
}

function payload({ info }: NatsConnection, { maxPayloadBytes }: BusSettings): Diagnosis {
  const limit = info?.max_payload ?? 0
  const detail = `max_payload ${limit} bytes`
  if (maxPayloadBytes === Number.POSITIVE_INFINITY || maxPayloadBytes <= limit)
    return { check: 'payload', result: 'ok', detail }
  const remedy = `raise max_payload to ${maxPayloadBytes}, or lower maxPayloadBytes`
  return { check: 'payload', result: 'warn', detail: `${detail}, but maxPayloadBytes is ${maxPayloadBytes}`, remedy }
}

async function jetStream(client: NatsConnection, { transport, timeout }: BusSettings): Promise<Diagnosis> {
  if (transport === 'core') return { check: 'jetstream', result: 'ok', detail: 'not needed by transport=core' }
  try {
    const manager = await jetstreamManager(client, { timeout, checkAPI: false })
    const { storage, streams, limits } = await manager.getAccountInfo()
    const limit = limits.max_storage > 0 ? `${limits.max_storage} bytes` : 'no limit'
    const detail = `${streams} streams, ${storage} bytes stored, ${limit}`
    if (limits.max_storage <= 0 || storage < 0.9 * limits.max_storage)
      return { check: 'jetstream', result: 'ok', detail }
    return { check: 'jetstream', result: 'warn', detail, remedy: "raise the account's max_storage" }
  } catch (error) {
    const detail = `not available: ${error instanceof Error ? error.message : error}`
    return {
      check: 'jetstream',
      result: 'fail',
      detail,
      remedy: 'enable JetStream for the account, or use transport=core',
    }
  }
}
