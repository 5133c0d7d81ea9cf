import type { Entry, ImportedRow, JsonObject } from '@sync/core'
import { decodeETag } from '../../src/model/etag.ts'
import { type Doc, push } from './document.ts'
import type { Call, Effect } from './history.ts'
import { CLOSED } from './strategies.ts'
import type { Options, Step, Workload } from './workload.ts'

/** Begins one random call; does not wait for it. Tells what it is. */
export function begin(work: Workload, step: Step): string {
  const name = step.dice.pick(names)
  calls[name](work, step)
  return `${step.process.name}: ${name} of ${step.key}`
}

/** Makes a document. */
export const create = (work: Workload, step: Step): void => calls['create'](work, step)

type Kind = (work: Workload, step: Step) => void

/** Adds at the head, and changes some of the elements behind it. */
function prepend(doc: Doc, id: string, at: number): void {
  doc.l ??= []
  for (const element of doc.l) if (element.at % 3 === at % 3) element.at += 3
  doc.n = doc.l.unshift({ id, at })
}

/** Without the meta that would keep it from sharing a commit. */
const withoutMeta = ({ meta: _, ...options }: Options): Options => options

/** Sets registers: alone, by its meta, or with whatever waits beside it. */
const setRegister =
  (name: string, fieldsOf: (step: Step) => Doc, alone: boolean): Kind =>
  (work, step) => {
    const fields = fieldsOf(step)
    work.write(step, { name, effect: { kind: 'set', fields: fields as JsonObject, alone } }, (options) =>
      step.process.collection.assign(step.key, fields, alone ? options : withoutMeta(options)),
    )
  }

/** Sets a field with a strategy to something made of what is held. */
const mergeField =
  <F extends keyof Doc>(field: F, next: (seen: Doc[F], step: Step) => Doc[F], refusals: readonly string[] = []): Kind =>
  (work, step) => {
    const { process, key } = step
    const reading = process.collection.get(key).then(() => {
      const seen = process.alive ? process.collection.peek(key) : undefined
      if (!seen) return
      const base = seen[field] as Doc[F]
      const local = next(base, step)
      const effect = { kind: 'merge', field, base, local } as const
      work.write(step, { name: `set ${field}`, effect, refusals }, (options) =>
        process.collection.assign(key, { [field]: local } as Doc, options),
      )
    })
    work.run(process, reading)
  }

/** Changes the list; mostly with whatever waits beside it. */
const updateList =
  (name: string, change: (doc: Doc, step: Step) => void): Kind =>
  (work, step) => {
    const { process, key, dice } = step
    const alone = dice.chance(0.3)
    work.write(step, { name, effect: { kind: 'list' } }, (options) =>
      process.collection.update(key, (doc) => change(doc, step), alone ? options : withoutMeta(options)),
    )
  }

/** Writes only on the state that was read. */
const conditional =
  (name: string, begin: (step: Step, entry: Entry<Doc>, options: Options) => Promise<object>, effect: EffectOf): Kind =>
  (work, step) => {
    const { process, key, dice } = step
    const alone = dice.chance(0.5)
    const reading = process.collection.getEntry(key).then((entry) => {
      if (!entry || !process.alive) return
      work.write(step, { name, effect: effect(entry), refusals: ['SYNC_CONFLICT'] }, (options) =>
        begin(step, entry, alone ? options : withoutMeta(options)),
      )
    })
    work.run(process, reading)
  }

type EffectOf = (entry: Entry<Doc>) => Effect
const exactState: EffectOf = ({ etag }) => {
  const { generation, version } = decodeETag(etag)
  return { kind: 'list', only: { generation, version } }
}

const simple =
  (
    what: Pick<Call, 'name'> & Partial<Pick<Call, 'effect' | 'refusals'>>,
    begin: (step: Step, options: Options) => Promise<object>,
  ): Kind =>
  (work, step) =>
    work.write(step, { effect: { kind: 'other' }, ...what }, (options) => begin(step, options))

/** A document in a document: what is set differs in one part from what is held. */
const nestedUpdate = ({ process, key, id, dice: { pick } }: Step): Doc => {
  const whole = process.collection.peek(key)?.d ?? { x: '-'.repeat(60), y: '-'.repeat(60), z: '' }
  return { d: { ...whole, [pick(['x', 'y', 'z'])]: id } }
}

const calls = {
  'update, inside the list': updateList('update', (doc, { id, at }) => {
    doc.l ??= []
    doc.l.splice(at % (doc.l.length + 1), 0, { id, at })
    doc.n = doc.l.length
  }),
  'update, at the end': updateList('update', (doc, { id, at }) => push(doc, { id, at })),
  'update, in front': updateList('update', (doc, { id, at }) => prepend(doc, id, at)),
  'update that fails': simple(
    { name: 'update', effect: { kind: 'fails' }, refusals: ['SYNC_REJECTED'] },
    ({ process, key }, options) =>
      process.collection.update(
        key,
        () => {
          throw new Error('no')
        },
        withoutMeta(options),
      ),
  ),
  'update of what was read': conditional(
    'update of what was read',
    ({ process, key, id, at }, { etag: ifMatch }, meta) =>
      process.collection.update(key, (doc) => prepend(doc, id, at), { ...meta, ifMatch }),
    exactState,
  ),
  'update of the version that was read': conditional(
    'update of a version',
    ({ process, key, id, at }, { version: ifVersion }, meta) =>
      process.collection.update(key, (doc) => push(doc, { id, at }), { ...meta, ifVersion }),
    ({ version }) => ({ kind: 'list', only: { version } }),
  ),
  'update under an id of its own': (work: Workload, step: Step) => work.writeUntilKnown(step),
  'set of a': setRegister('set a', ({ id }) => ({ a: id }), false),
  'set of a, with meta': setRegister('set a', ({ id }) => ({ a: id }), true),
  'set of b': setRegister('set b', ({ id }) => ({ b: id }), false),
  'set of a and b': setRegister('set a and b', ({ id }) => ({ a: id, b: id }), false),
  'set of a part': setRegister('set d', nestedUpdate, true),
  'set of a flag': setRegister('set flag', ({ dice }) => ({ flag: dice.int(2) }), true),
  'set of a flag to what it is': setRegister(
    'set flag',
    ({ process, key }) => ({ flag: process.collection.peek(key)?.flag ?? 1 }),
    true,
  ),
  'set of a sum': mergeField('s', (seen = 0, { dice }) => seen + 1 + dice.int(5)),
  'set of the greatest': mergeField('hi', (_, { at, dice }) => at + dice.int(10)),
  'set of the least': mergeField('lo', (_, { at, dice }) => -at - dice.int(10)),
  'set of a union': mergeField('u', (seen = [], { id, at, dice: { chance, pick } }) => {
    if (seen.length > 0 && chance(0.3)) return seen.filter((each) => each !== pick(seen))
    if (seen.length > 0 && chance(0.3)) return seen.map((each) => (chance(0.5) ? { ...each, v: at } : each))
    return [...seen, { id }]
  }),
  'set of plain texts': mergeField('t', (seen = [], { dice: { int, chance } }) =>
    chance(0.4) ? seen.slice(1) : [...new Set([...seen, `t${int(6)}`])],
  ),
  'set by a strategy of its own': mergeField(
    'c',
    (seen = '', { dice: { int, chance } }) =>
      chance(0.1) ? CLOSED.repeat(seen.length + 1) : String.fromCharCode(97 + int(26)).repeat(1 + int(4)),
    ['SYNC_REJECTED'],
  ),
  'set of parts': mergeField('w', (seen = {}, { at, dice: { pick } }) => ({ ...seen, [pick(['x', 'y', 'z'])]: at })),
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
      const tried = await process.collection.compareAndSet(key, 'a', id, {
        ...meta,
        expectedVersion: entry.fieldVersions.a ?? 0,
      })
      return { changed: tried.ok }
    },
    ({ fieldVersions }) => ({ kind: 'compare', field: 'a', version: fieldVersions.a ?? 0 }),
  ),
  unset: simple({ name: 'unset' }, ({ process, key }, options) =>
    process.collection.unset(key, ['a', 'flag'], options),
  ),
  patch: simple({ name: 'patch', refusals: ['SYNC_CONFLICT'] }, ({ process, key, id }, options) =>
    process.collection.patch(key, [{ op: 'add', path: '/a', value: id }], options),
  ),
  'patch inside the list': (work: Workload, step: Step) => {
    const { process, key, id, at } = step
    const reading = process.collection.get(key).then(() => {
      const seen = process.alive ? process.collection.peek(key) : undefined
      if (seen?.l === undefined) return
      const place = at % (seen.l.length + 1)
      const ops = [
        { op: 'add', path: `/l/${place}`, value: { id, at } },
        { op: 'replace', path: '/n', value: seen.l.length + 1 },
      ] as const
      const refusals = ['SYNC_CONFLICT', 'SYNC_PATCH']
      work.write(step, { name: 'patch', effect: { kind: 'list' }, refusals }, (options) =>
        process.collection.patch(key, ops, options),
      )
    })
    work.run(process, reading)
  },
  replace: simple({ name: 'replace' }, ({ process, key, id }, options) =>
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
    { name: 'create', effect: { kind: 'create' }, refusals: ['SYNC_CONFLICT'] },
    async ({ process, key, id }, options) => {
      const { created } = await process.collection.create(key, { n: 0, s: 0, l: [], b: id }, options)
      return { changed: created }
    },
  ),
  get: (work: Workload, { process, key }: Step) => work.run(process, process.collection.get(key)),
  entry: (work: Workload, { process, key }: Step) => work.recordRead(process, key),
  'read of what was written last': (work: Workload, { process }: Step) => work.readLast(process),
  forget: (work: Workload, { process, key }: Step) => work.run(process, process.collection.evict(key)),
} satisfies Record<string, Kind>

const names = Object.keys(calls) as (keyof typeof calls)[]
