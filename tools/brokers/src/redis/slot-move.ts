import type { Redis } from 'ioredis'
import type { RedisServer } from './redis.ts'
import { withRedisClient } from './with-client.ts'

/** A slot and the master that it moves to. */
export interface SlotMove {
  readonly slot: number
  readonly to: RedisServer
  /** Called while only half of the keys have moved. During that time, both nodes answer clients with ASK or TRYAGAIN. */
  readonly onHalfway?: () => Promise<void>
  /** Keys that move only after `onHalfway`. @default the second half, in the server's order */
  readonly movedLast?: RegExp
}

/** A slot move with its current master and all masters of the cluster. */
interface ResolvedSlotMove extends SlotMove {
  readonly from: RedisServer
  readonly masters: readonly RedisServer[]
}

/** Moves a slot as `redis-cli --cluster reshard` does: opens it on both nodes, moves its keys, then updates every master. */
export async function moveSlot({ slot, from, to, masters, onHalfway, movedLast }: ResolvedSlotMove): Promise<void> {
  if (from === to) return
  const [fromId, toId] = await Promise.all(
    [from, to].map(({ url }) => withRedisClient(url, (client) => client.cluster('MYID'))),
  )
  await withRedisClient(to.url, (client) => client.cluster('SETSLOT', slot, 'IMPORTING', `${fromId}`))
  await withRedisClient(from.url, (client) => client.cluster('SETSLOT', slot, 'MIGRATING', `${toId}`))
  await withRedisClient(from.url, async (client) => {
    const all = await keysInSlot(client, slot)
    const movedFirst = movedLast ? all.filter((key) => !movedLast.test(key)) : all.slice(0, Math.ceil(all.length / 2))
    await moveKeys(client, to, movedFirst)
    await onHalfway?.()
    for (let rest = await keysInSlot(client, slot); rest.length > 0; rest = await keysInSlot(client, slot))
      await moveKeys(client, to, rest)
  })
  // The new owner comes first, so that the slot always has an owner.
  for (const { url } of [to, from, ...masters.filter((node) => node !== to && node !== from)])
    await withRedisClient(url, (client) => client.cluster('SETSLOT', slot, 'NODE', `${toId}`))
}

async function keysInSlot(client: Redis, slot: number): Promise<readonly string[]> {
  const count = Number(await client.cluster('COUNTKEYSINSLOT', slot))
  return (await client.cluster('GETKEYSINSLOT', slot, count)) as string[]
}

async function moveKeys(client: Redis, to: RedisServer, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys)
}
