// Types as applications have them: generic classes, types inferred from a schema, an ORM's JSON type, and `any`.
import {
  type AnyChange,
  type AnyCollection,
  type AnyCollectionDefinition,
  type Change,
  type Collection,
  defineCollection,
  type Frozen,
  type JsonDocument,
  type SyncInstance,
} from '@sync/core'
import { z } from 'zod'

declare const sync: SyncInstance

// a repository for any document with these fields
interface Base {
  id: string
  updatedAt: number
  note?: string
  tags: string[]
}
export class Repository<T extends Base> {
  readonly collection: Collection<T>
  constructor(collection: Collection<T>) {
    this.collection = collection
  }
  async find(key: string): Promise<Frozen<T> | undefined> {
    return this.collection.get(key)
  }
  async describe(key: string): Promise<string | undefined> {
    const found = await this.collection.get(key)
    const tag: string | undefined = found?.tags[0]
    return found && `${found.id} ${found.updatedAt.toFixed()} ${found.note?.trim()} ${tag}`
  }
  async save(key: string, document: T): Promise<void> {
    await this.collection.create(key, document)
    await this.collection.set(key, document)
    await this.collection.importMany([[key, document]])
  }
  async copy(key: string, to: string): Promise<void> {
    const found = await this.collection.get(key)
    if (found) await this.collection.set(to, found)
  }
  async touch(key: string, at: number): Promise<void> {
    await this.collection.update(key, (draft) => {
      draft.updatedAt = at
      draft.tags.push('touched')
    })
  }
  async *ids(): AsyncGenerator<string> {
    for await (const batch of this.collection.changes())
      for (const change of batch) if (change.kind === 'reset') yield change.value.id
  }
}
export const openRepository = <T extends Base & JsonDocument<T>>(section: string): Repository<T> =>
  new Repository(sync.collection(defineCollection<T>({ section, ttl: 'never' }), { partition: 'p' }))
interface Unit extends Base {
  watts: number
}
await openRepository<Unit>('unit').save('k', { id: 'k', updatedAt: 0, tags: [], watts: 3 })

// a schema with optional members
const schema = z.object({
  a: z.string(),
  b: z.number().optional(),
  c: z.object({ d: z.string().optional() }).optional(),
})
const fromSchema = defineCollection({ schema, section: 'z', ttl: 'never' })
const fromType = defineCollection<z.infer<typeof schema>>({ section: 'z', ttl: 'never' })
for (const definition of [fromSchema, fromType])
  await sync.collection(definition, { partition: 'p' }).set('k', schema.parse({ a: 'x' }))

// a schema of values that JSON cannot carry
// @ts-expect-error a Date
defineCollection({ schema: z.object({ at: z.date() }), section: 'd', ttl: 'never' })
// @ts-expect-error a nested bigint
defineCollection({ schema: z.object({ list: z.array(z.object({ n: z.bigint() })) }), section: 'd', ttl: 'never' })
// @ts-expect-error a typed array
defineCollection<{ bytes: Uint8Array }>({ section: 'd', ttl: 'never' })
// @ts-expect-error a member that is always present, with undefined
defineCollection<{ list: { a: string | undefined }[] }>({ section: 'd', ttl: 'never' })

// the JSON type of Prisma
type JsonValue = string | number | boolean | PrismaObject | PrismaArray | null
type PrismaObject = { [Key in string]?: JsonValue }
interface PrismaArray extends Array<JsonValue> {}
interface Row {
  id: string
  data: JsonValue
}
declare const row: Row
const rows = sync.collection(defineCollection<Row>({ section: 'row', ttl: 'never' }), { partition: 'p' })
await rows.set('k', row)
await rows.assign('k', { data: row.data })
const read = await rows.get('k')
if (read) await rows.set('l', read)

// tuples and branded strings keep their form
type UserId = string & { readonly brand: 'user' }
declare const user: UserId
const points = sync.collection(
  defineCollection<{ at: [number, number]; by: UserId }>({ section: 'point', ttl: 'never' }),
  { partition: 'p' },
)
await points.compareAndSet('k', 'by', user, { expectedVersion: 0 })
await points.assign('k', { at: [1, 2], by: user })
// @ts-expect-error three elements for two
await points.assign('k', { at: [1, 2, 3] })

// untyped documents
// biome-ignore lint/suspicious/noExplicitAny: the type under test
const untyped = sync.collection(defineCollection<any>({ section: 'any', ttl: 'never' }), { partition: 'p' })
await untyped.set('k', { n: 1 })
await untyped.update('k', (draft) => {
  draft.n += 1
})
const value: number | undefined = (await untyped.get('k'))?.['n']
void value

// code for every collection
declare const log: (change: AnyChange) => void
declare const logUnknown: (change: Change<unknown>) => void
declare const watch: (collection: AnyCollection) => void
for await (const batch of points.changes())
  for (const change of batch) {
    log(change)
    logUnknown(change)
  }
watch(points)
watch(rows)
export const definitions: AnyCollectionDefinition[] = [
  fromSchema,
  fromType,
  defineCollection<Row>({ section: 'r', ttl: '1h' }),
]
