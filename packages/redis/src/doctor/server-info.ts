import type { Diagnosis } from '@sync/core/adapter'

/** Fields of the reply to INFO. */
export type ServerInfo = Readonly<Record<string, string>>

/** Parses the reply to INFO. */
export const parseInfo = (text: string): ServerInfo =>
  Object.fromEntries([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [`${name}`, `${value}`]))

const MIN_MAJOR_VERSION = 7
const [HIGH, CRITICAL] = [0.75, 0.9]

/** Returns the diagnoses that follow from the state of one server. `cluster` is true if the URL has `cluster=true`. */
export function diagnoseInfo(info: ServerInfo, { cluster }: { readonly cluster: boolean }): readonly Diagnosis[] {
  return [
    version(info),
    mode(info, cluster),
    role(info),
    eviction(info),
    memory(info),
    persistence(info),
    ...clients(info),
  ]
}

function version({ redis_version, valkey_version }: ServerInfo): Diagnosis {
  const detail = valkey_version ? `Valkey ${valkey_version}` : `Redis ${redis_version}`
  if (Number.parseInt(valkey_version ?? redis_version ?? '', 10) >= MIN_MAJOR_VERSION)
    return { check: 'version', result: 'ok', detail }
  return { check: 'version', result: 'fail', detail, remedy: 'upgrade to Redis 7.0 or Valkey 8.0, or newer' }
}

function mode({ cluster_enabled }: ServerInfo, expectsCluster: boolean): Diagnosis {
  const isCluster = cluster_enabled === '1'
  const detail = isCluster ? 'node of a cluster' : 'single server'
  if (isCluster === expectsCluster) return { check: 'mode', result: 'ok', detail }
  const remedy = isCluster ? 'open it with ?cluster=true' : 'remove cluster=true from the URL'
  return { check: 'mode', result: 'fail', detail, remedy }
}

function role({ role, connected_slaves = '0', master_host }: ServerInfo): Diagnosis {
  if (role === 'slave')
    return {
      check: 'replication',
      result: 'fail',
      detail: `replica of ${master_host}, which accepts no writes`,
      remedy: 'use the address of the master',
    }
  const replicas = Number(connected_slaves)
  if (replicas > 0) return { check: 'replication', result: 'ok', detail: `master with ${replicas} replica(s)` }
  return {
    check: 'replication',
    result: 'warn',
    detail: 'master without a replica: the loss of its machine loses the data',
    remedy: 'add a replica, unless the documents can be created again',
  }
}

function eviction({ maxmemory_policy = 'unknown', maxmemory = '0' }: ServerInfo): Diagnosis {
  const detail = `maxmemory-policy ${maxmemory_policy}`
  if (maxmemory_policy === 'noeviction') return { check: 'eviction', result: 'ok', detail }
  const remedy = 'set maxmemory-policy noeviction: any other policy deletes documents and counters'
  if (maxmemory === '0') return { check: 'eviction', result: 'warn', detail: `${detail}, without a maxmemory`, remedy }
  return { check: 'eviction', result: 'fail', detail, remedy }
}

function memory({ used_memory = '0', maxmemory = '0', total_system_memory = '0' }: ServerInfo): Diagnosis {
  const limit = Number(maxmemory) || Number(total_system_memory)
  const name = Number(maxmemory) > 0 ? 'maxmemory' : 'the machine'
  const share = limit > 0 ? Number(used_memory) / limit : 0
  const detail = `${mebibytes(used_memory)} used, ${(share * 100).toFixed(0)} % of ${name} (${mebibytes(limit)})`
  if (share < HIGH) return { check: 'memory', result: 'ok', detail }
  const remedy = 'raise maxmemory, shorten maxAge and maxChanges of the logs, or give documents a ttl'
  return { check: 'memory', result: share < CRITICAL ? 'warn' : 'fail', detail, remedy }
}

const mebibytes = (bytes: string | number): string => `${(Number(bytes) / 2 ** 20).toFixed(1)} MiB`

function persistence(info: ServerInfo): Diagnosis {
  const { aof_enabled, aof_last_write_status, rdb_last_bgsave_status } = info
  if (aof_enabled === '1' && aof_last_write_status !== 'ok')
    return {
      check: 'persistence',
      result: 'fail',
      detail: `the last write of the append-only file failed (${aof_last_write_status})`,
      remedy: "check the server's log and its disk",
    }
  if (aof_enabled === '1') return { check: 'persistence', result: 'ok', detail: 'append-only file' }
  const snapshots = rdb_last_bgsave_status === 'ok' ? '' : ', and the last snapshot failed'
  return {
    check: 'persistence',
    result: 'warn',
    detail: `appendonly no: a restart loses the commits since the last snapshot${snapshots}`,
    remedy: 'set appendonly yes',
  }
}

function clients({ connected_clients = '0', maxclients }: ServerInfo): readonly Diagnosis[] {
  if (maxclients === undefined) return []
  const detail = `${connected_clients} of ${maxclients} connections`
  if (Number(connected_clients) < HIGH * Number(maxclients)) return [{ check: 'clients', result: 'ok', detail }]
  return [
    {
      check: 'clients',
      result: 'warn',
      detail,
      remedy: 'raise maxclients: each instance needs two connections or three',
    },
  ]
}
