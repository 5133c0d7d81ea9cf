// Documents without a fixed shape: any JSON, with the library's JSON type or with the caller's.
import { defineCollection, type Json, type JsonObject, type SyncInstance } from '@sync/core'

declare const sync: SyncInstance

type Own = string | number | boolean | null | Own[] | { [key: string]: Own }

const ours = sync.collection(defineCollection<Record<string, Json>>({ section: 'a', ttl: 'never' }), { partition: 'p' })
const own = sync.collection(defineCollection<Record<string, Own>>({ section: 'b', ttl: 'never' }), { partition: 'p' })
const mixed = sync.collection(defineCollection<{ id: string; payload: Json }>({ section: 'c', ttl: 'never' }), {
  partition: 'p',
})

await ours.assign('k', { a: [1, { b: null }] })
await own.assign('k', { a: [1, { b: null }] })
await mixed.assign('k', { payload: { deep: [1] } })
await mixed.update('k', (d) => {
  d.payload = { other: true }
})
const read: JsonObject | undefined = await ours.get('k')
const payload: Json | undefined = (await mixed.get('k'))?.payload
if (read) await ours.set('k', read)
for await (const batch of own.changes())
  for (const change of batch) if (change.kind === 'created') void change.value['a']
void payload
// @ts-expect-error unknown is not JSON
defineCollection<{ a: unknown }>({ section: 's', ttl: 'never' })
