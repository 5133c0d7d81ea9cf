// Code that the public types must accept or reject. Compiled by the type check, never run.
import { type Collection, defineCollection, type Field, lww, max, type SyncInstance, sum, union } from '@sync/core'
import { z } from 'zod'

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false
const yes = <_T extends true>(): void => {}
declare const sync: SyncInstance

interface Tag {
  id: string
  label: string
}
interface Product {
  sku: string
  title: string
  price: number
  stock: number
  tags: Tag[]
  flags: string[]
  badge?: string | null
  nested: { a: { b: number[] } }
}
const def = defineCollection<Product>({
  section: 'product',
  ttl: 'never',
  merge: {
    price: max,
    stock: sum,
    tags: union('id'),
    flags: union(),
    title: ({ local, remote }) => (local.length > remote.length ? local : remote),
    nested: lww,
  },
})
const c: Collection<Product> = sync.collection(def, { partition: 'eu' })
// @ts-expect-error sum on string
defineCollection<Product>({ section: 's', ttl: 'never', merge: { title: sum } })
// @ts-expect-error unknown field
defineCollection<Product>({ section: 's', ttl: 'never', merge: { nope: lww } })
// @ts-expect-error union by a key the element does not have
defineCollection<Product>({ section: 's', ttl: 'never', merge: { tags: union('uuid') } })
// @ts-expect-error union of scalars on objects
defineCollection<Product>({ section: 's', ttl: 'never', merge: { tags: union() } })
// @ts-expect-error custom returns wrong type
defineCollection<Product>({ section: 's', ttl: 'never', merge: { title: () => 3 } })
// @ts-expect-error max on object
defineCollection<Product>({ section: 's', ttl: 'never', merge: { nested: max } })
// @ts-expect-error ttl must be stated
defineCollection<Product>({ section: 's' })
interface Bad {
  at: Date
}
interface Bad2 {
  n: bigint
}
interface Bad3 {
  f: { deep: Map<string, string> }
}
interface Bad4 {
  u: string | undefined
}
// @ts-expect-error Date
defineCollection<Bad>({ section: 's', ttl: 'never' })
// @ts-expect-error bigint
defineCollection<Bad2>({ section: 's', ttl: 'never' })
// @ts-expect-error nested Map
defineCollection<Bad3>({ section: 's', ttl: 'never' })
// @ts-expect-error required undefined
defineCollection<Bad4>({ section: 's', ttl: 'never' })

// compareAndSet
await c.compareAndSet('k', 'price', 3, { expectedVersion: 1 })
// @ts-expect-error wrong value type
await c.compareAndSet('k', 'price', '3', { expectedVersion: 1 })
// @ts-expect-error unknown field
await c.compareAndSet('k', 'prize', 3, { expectedVersion: 1 })
// @ts-expect-error expectedVersion is required
await c.compareAndSet('k', 'price', 3)
// @ts-expect-error undefined is not a value
await c.compareAndSet('k', 'badge', undefined, { expectedVersion: 1 })
await c.compareAndSet('k', 'badge', null, { expectedVersion: 0 })
const r = await c.compareAndSet('k', 'tags', [{ id: '1', label: 'x' }], { expectedVersion: 2 })
if (r.ok) {
  yes<Equal<typeof r.fieldVersion, number>>()
} else {
  const l: string | undefined = r.value?.[0]?.label
  void l
}
// @ts-expect-error ok has no value
if (r.ok) r.value

// assign
await c.assign('k', { price: 2 })
// @ts-expect-error
await c.assign('k', { price: 'x' })
// @ts-expect-error unknown
await c.assign('k', { prize: 2 })
await c.update('k', (d) => {
  d.stock -= 1
  d.tags.push({ id: 'a', label: 'b' })
})
const v = await c.get('k')
if (v) {
  // @ts-expect-error frozen
  v.price = 3
  // @ts-expect-error frozen deep
  v.nested.a.b.push(3)
  await c.set('k', v) // a value that was read can be written
  await c.set('k', { ...v, price: 3 })
}
// every change of a stream with values has one
for await (const batch of c.changes({ values: true }))
  for (const change of batch) if (change.kind !== 'removed') yes<Equal<typeof change.value.price, number>>()
// discriminated unions of changes
for await (const batch of c.changes({ fields: ['price'], from: 'snapshot' }))
  for (const ch of batch) {
    switch (ch.kind) {
      case 'created':
      case 'reset': {
        const p: number = ch.value.price
        void p
        break
      }
      case 'changed': {
        yes<Equal<typeof ch.fields, readonly Field<Product>[]>>()
        if (ch.previous.price !== ch.value.price) void ch.patch
        break
      }
      case 'delta': {
        const f: Field<Product> | undefined = ch.fields[0]
        void f
        break
      }
      case 'removed': {
        const why: 'deleted' | 'expired' | 'lost' = ch.reason
        void why
        // @ts-expect-error no value on removal
        ch.value
        break
      }
      default: {
        const never: never = ch
        void never
      }
    }
  }
// @ts-expect-error field names are checked
c.changes({ fields: ['prize'] })

// unions of documents
type Session = { kind: 'anon'; cart: string[] } | { kind: 'user'; userId: string; cart: string[] }
const s = sync.collection(
  defineCollection<Session>({
    section: 'session',
    ttl: { after: '30m', sliding: true },
    subscribeBy: 'document',
    merge: { cart: union() },
  }),
  { partition: 'web' },
)
await s.compareAndSet('a', 'userId', 'u', { expectedVersion: 0 })
await s.assign('a', { kind: 'user', userId: 'x' })
const sv = await s.get('a')
if (sv?.kind === 'user') sv.userId

// map-like documents
type Book = Record<`${number}`, { qty: number; n: number }>
const b = sync.collection(
  defineCollection<{ bids: Book; asks: Book; seq: number }>({ section: 'book', ttl: 'never' }),
  { partition: 'xetra' },
)
await b.update('AAPL', (d) => {
  d.bids['101.5'] = { qty: 3, n: 1 }
  delete d.asks['102']
})
type Dyn = Record<string, number>
const dyn = sync.collection(defineCollection<Dyn>({ section: 'd', ttl: '1h', merge: { anything: sum } }), {
  partition: 'p',
})
await dyn.compareAndSet('k', 'whatever', 3, { expectedVersion: 0 })

// schema
const schema = z.object({
  rate: z.number(),
  mode: z.enum(['a', 'b']),
  limits: z.array(z.object({ id: z.string(), max: z.number() })),
})
const cfgDef = defineCollection({
  schema,
  section: 'cfg',
  ttl: 'never',
  merge: { rate: max, limits: union('id'), mode: ({ remote }) => remote },
})
const cfg = sync.collection(cfgDef, { partition: 'p' })
const got = await cfg.get('x')
if (got) yes<Equal<typeof got.mode, 'a' | 'b'>>()
// @ts-expect-error
await cfg.compareAndSet('x', 'mode', 'c', { expectedVersion: 1 })
// @ts-expect-error sum on enum through a schema
defineCollection({ schema, section: 'cfg', ttl: 'never', merge: { mode: sum } })
