import { type Diagnosis, diagnoseLatency, messageOf } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { toStoreError } from '../errors.ts'
import { masters } from './masters.ts'
import { targetsOf, type UrlOptions, urlOptions, withConnection } from './open-targets.ts'
import { diagnoseRights } from './rights.ts'
import { diagnoseInfo, parseInfo } from './server-info.ts'

/** Difference between the clocks of server and this machine that is reported, in ms. */
const MAX_SKEW_MS = 500

/** Checks every server of a URL. If a server does not answer, the only result is its error. */
export async function* diagnose(url: URL): AsyncGenerator<Diagnosis, undefined> {
  const targets = targetsOf(url)
  for (const target of targets) {
    yield* withConnection(target, async function* (connection) {
      for await (const diagnosis of diagnoseServer(connection, urlOptions(url)))
        yield targets.length === 1 ? diagnosis : { ...diagnosis, server: connection.address }
    })
  }
}

async function* diagnoseServer(connection: Connection, options: UrlOptions): AsyncGenerator<Diagnosis> {
  try {
    await connection.send(['PING'])
  } catch (error) {
    const { message } = toStoreError(error, connection, 'no')
    const remedy = message.includes('did not answer')
      ? 'check host, port and network, and that the server runs'
      : 'check user, password and rights'
    yield { check: 'connection', result: 'fail', detail: message, remedy }
    return
  }
  yield { check: 'connection', result: 'ok', detail: connection.address }
  yield* orWarning('server', () => diagnoseNodes(connection))
  if (connection.layout.cluster) yield* orWarning('cluster', () => diagnoseCluster(connection))
  yield* orWarning('rights', () => diagnoseRights(connection, options))
  yield* orWarning('clock', async function* () {
    yield await diagnoseClock(connection)
  })
  yield* orWarning('latency', async function* () {
    yield await diagnoseLatency(() => connection.send(['PING']))
  })
}

/** Runs checks, and yields a warning in place of those that the server rejects. */
async function* orWarning(check: string, checks: () => AsyncIterable<Diagnosis>): AsyncGenerator<Diagnosis> {
  try {
    yield* checks()
  } catch (error) {
    const detail = `could not be checked: ${messageOf(error)}`
    yield { check, result: 'warn', detail, remedy: 'repeat the check with a user that has this right' }
  }
}

/** Checks each master. In a cluster, yields the worst result of each check. */
async function* diagnoseNodes(connection: Connection): AsyncGenerator<Diagnosis> {
  const { cluster } = connection.layout
  const worst = new Map<string, Diagnosis>()
  for (const send of await masters(connection)) {
    const info = parseInfo(String(await send('INFO')))
    for (const diagnosis of diagnoseInfo(info, { cluster })) {
      const known = worst.get(diagnosis.check)
      if (!known || SEVERITY[diagnosis.result] > SEVERITY[known.result]) worst.set(diagnosis.check, diagnosis)
    }
  }
  yield* worst.values()
}

const SEVERITY = { ok: 0, warn: 1, fail: 2 } as const

async function* diagnoseCluster(connection: Connection): AsyncGenerator<Diagnosis> {
  const info = parseInfo(String(await connection.send(['CLUSTER', 'INFO'])))
  const { cluster_state: state, cluster_slots_ok: slots, cluster_size: size } = info
  const detail = `state ${state}, ${slots} of 16384 slots served, ${size} masters`
  if (state === 'ok' && slots === '16384') yield { check: 'cluster', result: 'ok', detail }
  else yield { check: 'cluster', result: 'fail', detail, remedy: 'check the nodes with CLUSTER NODES' }
}

/** Compares the clocks as of the middle of the fastest of some calls. */
async function diagnoseClock(connection: Connection): Promise<Diagnosis> {
  let fastest = { roundTrip: Number.POSITIVE_INFINITY, skew: 0 }
  for (let call = 0; call < 5; call++) {
    const before = Date.now()
    const [seconds, microseconds] = (await connection.send(['TIME'])) as [string, string]
    const after = Date.now()
    const skew = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - (before + after) / 2
    if (after - before < fastest.roundTrip) fastest = { roundTrip: after - before, skew }
  }
  const ms = Math.round(fastest.skew)
  const direction = ms < 0 ? 'behind' : 'ahead of'
  const detail = `${Math.abs(ms)} ms ${direction} this machine`
  if (Math.abs(ms) <= MAX_SKEW_MS) return { check: 'clock', result: 'ok', detail }
  return { check: 'clock', result: 'warn', detail, remedy: 'synchronise both clocks, for example by NTP' }
}
