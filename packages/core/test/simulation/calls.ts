import type { Entry, ImportedRow, JsonObject } from '@sync/core'
import { decodeETag } from '../../src/model/etag.ts'
import { type Doc, push } from './document.ts'
import type { Call, Effect } from './history.ts'
import { CLOSED } from './strategies.ts'
import type { Options, Step, Workload } from './workload.ts'

/** Starts one random call without waiting for it. Returns its description. */
export function begin(work: Workload, step: Step): string {
  const name = step.random.pick(names)
  calls[name](work, step)
  return `${step.process.name}: ${name} on ${step.key}`
}

/** Starts a call that creates a document. */
export const create = (work: Workload, step: Step): void => calls['create'](work, step)

type Kind = (work: Workload, step: Step) => void

/** Adds an element at the head of the list, and changes some of the elements behind it. */
function prepend(doc: Doc, id: string, at: number): void {
  doc.l ??= []
  for (const element of doc.l) if (element.at % 3 === at % 3) element.at += 3
  doc.n = doc.l.unshift({ id, at })
}

/** Removes the meta, because writes with different meta do not share a commit. */
const withoutMeta = ({ meta: _, ...options }: Options): Options => options

/** Assigns registers: with meta in a commit of its own, or without meta combined with other waiting writes. */
const assignRegister =
  (name: string, fieldsOf: (step: Step) => Doc, alone: boolean): Kind =>
  (work, step) => {
    const fields = fieldsOf(step)
    work.write(step, { name, effect: { kind: 'set', fields: fields as JsonObject, alone } }, (options) =>
      step.process.collection.assign(step.key, fields, alone ? options : withoutMeta(options)),
    )
  }

/** Assigns a field with a merge strategy a value derived from the cached one. */
const mergeField =
  <F extends keyof Doc>(
    field: F,
    next: (seen: Doc[F], step: Step) => Doc[F],
    allowedCodes: readonly string[] = [],
  ): Kind =>
  (work, step) => {
    const { process, key } = step
    const reading = process.collection.get(key).then(() => {
      const seen = process.alive ? process.collection.peek(key) : undefined
      if (!seen) return
      const base = seen[field] as Doc[F]
      const local = next(base, step)
      const effect = { kind: 'merge', field, base, local } as const
      work.write(step, { name: `assign ${field}`, effect, allowedCodes }, (options) =>
        process.collection.assign(key, { [field]: local } as Doc, options),
      )
    })
    work.run(process, reading)
  }

/** Updates the list, mostly without meta, so that the write can combine with other waiting ones. */
const updateList =
  (name: string, change: (doc: Doc, step: Step) => void): Kind =>
  (work, step) => {
    const { process, key, random } = step
    const alone = random.chance(0.3)
    work.write(step, { name, effect: { kind: 'list' } }, (options) =>
      process.collection.update(key, (doc) => change(doc, step), alone ? options : withoutMeta(options)),
    )
  }

/** Reads the document, then writes with a precondition on the state that was read. */
const conditional =
  (name: string, begin: (step: Step, entry: Entry<Doc>, options: Options) => Promise<object>, effect: EffectOf): Kind =>
  (work, step) => {
    const { process, key, random } = step
    const alone = random.chance(0.5)
    const reading = process.collection.getEntry(key).then((entry) => {
      if (!entry || !process.alive) return
      work.write(step, { name, effect: effect(entry), allowedCodes: ['SYNC_CONFLICT'] }, (options) =>
        begin(step, entry, alone ? options : withoutMeta(options)),
      )
    })
    work.run(process, reading)
  }

type EffectOf = (entry: Entry<Doc>) => Effect
const exactState: EffectOf = ({ etag, value }) => {
  const { generation, version } = decodeETag(etag)
  return { kind: 'list', only: { generation, version, value: value as JsonObject } }
}

const simple =
  (
    call: Pick<Call, 'name'> & Partial<Pick<Call, 'effect' | 'allowedCodes'>>,
    begin: (step: Step, options: Options) => Promise<object>,
  ): Kind =>
  (work, step) =>
    work.write(step, { effect: { kind: 'other' }, ...call }, (options) => begin(step, options))

/** Returns a nested object that differs from the cached one in one member. */
const nestedUpdate = ({ process, key, id, random: { pick } }: Step): Doc => {
  const whole = process.collection.peek(key)?.d ?? { x: '-'.repeat(60), y: '-'.repeat(60), z: '' }
  return { d: { ...whole, [pick(['x', 'y', 'z'])]: id } }
}

const calls = {
  'update (insert into list)': updateList('update', (doc, { id, at }) => {
    doc.l ??= []
    doc.l.splice(at % (doc.l.length + 1), 0, { id, at })
    doc.n = doc.l.length
  }),
  'update (append to list)': updateList('update', (doc, { id, at }) => push(doc, { id, at })),
  'update (prepend to list)': updateList('update', (doc, { id, at }) => prepend(doc, id, at)),
  'update (recipe throws)': simple(
    { name: 'update', effect: { kind: 'fails' }, allowedCodes: ['SYNC_REJECTED'] },
    ({ process, key }, options) =>
      process.collection.update(
        key,
        () => {
          throw new Error('no')
        },
        withoutMeta(options),
      ),
  ),
  'update with ifMatch': conditional(
    'update with ifMatch',
    ({ process, key, id, at }, { etag: ifMatch }, meta) =>
      process.collection.update(key, (doc) => prepend(doc, id, at), { ...meta, ifMatch }),
    exactState,
  ),
  'update with ifVersion': conditional(
    'update with ifVersion',
    ({ process, key, id, at }, { version: ifVersion }, meta) =>
      process.collection.update(key, (doc) => push(doc, { id, at }), { ...meta, ifVersion }),
    ({ version }) => ({ kind: 'list', only: { version } }),
  ),
  'update with an idempotency key': (work: Workload, step: Step) => work.writeUntilKnown(step),
  'assign a': assignRegister('assign a', ({ id }) => ({ a: id }), false),
  'assign a with meta': assignRegister('assign a', ({ id }) => ({ a: id }), true),
  'assign b': assignRegister('assign b', ({ id }) => ({ b: id }), false),
  'assign a and b': assignRegister('assign a and b', ({ id }) => ({ a: id, b: id }), false),
  'assign d (one member changed)': assignRegister('assign d', nestedUpdate, true),
  'assign flag': assignRegister('assign flag', ({ random }) => ({ flag: random.int(2) }), true),
  'assign flag (unchanged)': assignRegister(
    'assign flag',
    ({ process, key }) => ({ flag: process.collection.peek(key)?.flag ?? 1 }),
    true,
  ),
  'assign s (sum)': mergeField('s', (seen = 0, { random }) => seen + 1 + random.int(5)),
  'assign hi (max)': mergeField('hi', (_, { at, random }) => at + random.int(10)),
  'assign lo (min)': mergeField('lo', (_, { at, random }) => -at - random.int(10)),
  'assign u (union by id)': mergeField('u', (seen = [], { id, at, random: { chance, pick } }) => {
    if (seen.length > 0 && chance(0.3)) return seen.filter((element) => element !== pick(seen))
    if (seen.length > 0 && chance(0.3)) return seen.map((element) => (chance(0.5) ? { ...element, v: at } : element))
    return [...seen, { id }]
  }),
  'assign t (union)': mergeField('t', (seen = [], { random: { int, chance } }) =>
    chance(0.4) ? seen.slice(1) : [...new Set([...seen, `t${int(6)}`])],
  ),
  'assign c (custom strategy)': mergeField(
    'c',
    (seen = '', { random: { int, chance } }) =>
      chance(0.1) ? CLOSED.repeat(seen.length + 1) : String.fromCharCode(97 + int(26)).repeat(1 + int(4)),
    ['SYNC_REJECTED'],
  ),
  'assign w (three-way merge)': mergeField('w', (seen = {}, { at, random: { pick } }) => ({
    ...seen,
    [pick(['x', 'y', 'z'])]: at,
  })),
  importMany: (work: Workload, step: Step) => {
    const { process, key, id } = step
    const effect = { kind: 'set', fields: { a: id }, alone: false, later: true } as const
    work.write(step, { name: 'importMany', effect }, async () => {
      const onRow = ({ error }: ImportedRow): void => {
        if (error) throw error
      }
      await process.collection.importMany([[key, { a: id }]], { onRow })
      return {}
    })
  },
  compareAndSet: conditional(
    'compareAndSet',
    async ({ process, key, id }, entry, meta) => {
      const { ok } = await process.collection.compareAndSet(key, 'a', id, {
        ...meta,
        expectedVersion: entry.fieldVersions.a ?? 0,
      })
      return { changed: ok }
    },
    ({ fieldVersions }) => ({ kind: 'compare', field: 'a', version: fieldVersions.a ?? 0 }),
  ),
  unset: simple({ name: 'unset' }, ({ process, key }, options) =>
    process.collection.unset(key, ['a', 'flag'], options),
  ),
  patch: simple({ name: 'patch', allowedCodes: ['SYNC_CONFLICT'] }, ({ process, key, id }, options) =>
    process.collection.patch(key, [{ op: 'add', path: '/a', value: id }], options),
  ),
  'patch (insert into list)': (work: Workload, step: Step) => {
    const { process, key, id, at } = step
    const reading = process.collection.get(key).then(() => {
      const seen = process.alive ? process.collection.peek(key) : undefined
      if (seen?.l === undefined) return
      const index = at % (seen.l.length + 1)
      const ops = [
        { op: 'add', path: `/l/${index}`, value: { id, at } },
        { op: 'replace', path: '/n', value: seen.l.length + 1 },
      ] as const
      const allowedCodes = ['SYNC_CONFLICT', 'SYNC_PATCH']
      work.write(step, { name: 'patch', effect: { kind: 'list' }, allowedCodes }, (options) =>
        process.collection.patch(key, ops, options),
      )
    })
    work.run(process, reading)
  },
  set: simple({ name: 'set' }, ({ process, key, id }, options) =>
    process.collection.set(key, { n: 1, s: 0, l: [{ id: `${id}r`, at: 1 }] }, options),
  ),
  delete: simple({ name: 'delete' }, async ({ process, key }, options) => {
    await process.collection.delete(key, options)
    return {}
  }),
  'delete and create': (work: Workload, step: Step) => {
    const { process, key } = step
    work.run(process, process.collection.delete(key))
    calls['create'](work, step)
  },
  create: simple(
    { name: 'create', effect: { kind: 'create' }, allowedCodes: ['SYNC_CONFLICT'] },
    async ({ process, key, id }, options) => {
      const { created } = await process.collection.create(key, { n: 0, s: 0, l: [], b: id }, options)
      return { changed: created }
    },
  ),
  get: (work: Workload, { process, key }: Step) => work.run(process, process.collection.get(key)),
  getEntry: (work: Workload, { process, key }: Step) => work.recordRead(process, key),
  'get after the last write': (work: Workload, { process }: Step) => work.readLast(process),
  evict: (work: Workload, { process, key }: Step) => work.run(process, process.collection.evict(key)),
} satisfies Record<string, Kind>

const names = Object.keys(calls) as (keyof typeof calls)[]
