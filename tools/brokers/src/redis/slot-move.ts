import type { Redis } from 'ioredis'
import { ask } from './ask.ts'
import type { RedisServer } from './redis.ts'

/** A slot and its new place. */
export interface SlotMove {
  readonly slot: number
  readonly to: RedisServer
  /** Runs while half of the keys have moved: those with both sides ask clients to look elsewhere, or to try again. */
  readonly halfway?: () => Promise<void>
}

/** What the cluster knows of it. */
interface KnownMove extends SlotMove {
  readonly from: RedisServer
  readonly masters: readonly RedisServer[]
}

/** Moves a slot as `redis-cli --cluster reshard` does: open on both sides, key by key, then told to every master. */
export async function moveSlot({ slot, from, to, masters, halfway }: KnownMove): Promise<void> {
  if (from === to) return
  const [fromId, toId] = await Promise.all([from, to].map(({ url }) => ask(url, (client) => client.cluster('MYID'))))
  await ask(to.url, (client) => client.cluster('SETSLOT', slot, 'IMPORTING', `${fromId}`))
  await ask(from.url, (client) => client.cluster('SETSLOT', slot, 'MIGRATING', `${toId}`))
  await ask(from.url, async (client) => {
    const count = Number(await client.cluster('COUNTKEYSINSLOT', slot))
    await moveKeys(client, { slot, to, count: Math.ceil(count / 2) })
    await halfway?.()
    while (Number(await client.cluster('COUNTKEYSINSLOT', slot)) > 0) await moveKeys(client, { slot, to, count: 100 })
  })
  // First the new owner: between the two the slot must not be nobody's.
  for (const { url } of [to, from, ...masters.filter((node) => node !== to && node !== from)])
    await ask(url, (client) => client.cluster('SETSLOT', slot, 'NODE', `${toId}`))
}

interface Part {
  readonly slot: number
  readonly to: RedisServer
  readonly count: number
}

async function moveKeys(client: Redis, { slot, to, count }: Part): Promise<void> {
  const keys = await client.cluster('GETKEYSINSLOT', slot, count)
  if (Array.isArray(keys) && keys.length > 0)
    await client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys.map(String))
}
