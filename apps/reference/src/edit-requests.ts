import { summarizeCompareAndSet, summarizeEdits } from './edit-summary.ts'
import { compareAndSet, editConcurrently, editOnce, type FieldRef, type PlannedEdit } from './edits.ts'
import { RequestError } from './request-error.ts'
import type { RequestHandler } from './request-handler.ts'
import { initialUnits, strategies, type UnitField, type UnitValue } from './services/forecast/units.ts'
import type { JournalSection } from './services/journal.ts'
import type { System } from './system.ts'

type Body = Readonly<Record<string, unknown>>

/** Handlers for editing units and reading the change history, by path. */
export const editRequests: readonly (readonly [string, RequestHandler])[] = [
  [
    '/edit',
    async (system, body) => {
      const target = parseTarget(body)
      const edit = parsePlannedEdit(system, body['edit'], target)
      const result = await system.write((all) => editOnce(edit, target, all))
      return { ...result, summary: summarizeEdits(result) }
    },
  ],
  [
    '/concurrent-edits',
    async (system, body) => {
      const target = parseTarget(body)
      const edits = parsePlannedEdits(system, body, target)
      const result = await system.write((all) => editConcurrently(edits, target, all))
      return { ...result, summary: summarizeEdits(result) }
    },
  ],
  [
    '/compare-and-set',
    async (system, body) => {
      const target = parseTarget(body)
      const edits = parsePlannedEdits(system, body, target)
      const result = await system.write((all) => compareAndSet(edits, target, all))
      return { ...result, summary: summarizeCompareAndSet(result) }
    },
  ],
  [
    '/inspect',
    (system, { instance, section, key }) => {
      if (typeof key !== 'string' || key === '') throw new RequestError(400, 'key: expected the key of a document')
      const query = { section: parseSection(section), key }
      return system.withFleet(({ replicas }) => {
        const replica = replicas.find(({ name }) => name === instance)
        if (!replica) throw new RequestError(400, 'instance: expected the name of a replica')
        return replica.execute('inspect', query)
      })
    },
  ],
  [
    '/journal',
    (system, { section, key = '', byPeople = false }) => {
      if (typeof key !== 'string') throw new RequestError(400, 'key: expected a string')
      if (typeof byPeople !== 'boolean') throw new RequestError(400, 'byPeople: expected true or false')
      const query = {
        ...(section !== undefined && { section: parseSection(section) }),
        byPeople,
        key,
        last: MAX_JOURNAL_LINES,
      }
      return system.withFleet(({ replicas: [first] }) => {
        if (!first) throw new RequestError(503, 'no replica is available')
        return first.execute('journal', query)
      })
    },
  ],
]

/** Enough for one second of a busy feed, which the page shows as one line. */
const MAX_JOURNAL_LINES = 400
const MAX_TEXT_LENGTH = 80
const MAX_TAGS = 20

function parseSection(value: unknown): JournalSection {
  if (value === 'outages' || value === 'units') return value
  throw new RequestError(400, "section: expected 'outages' or 'units'")
}

function parseTarget({ key, field }: Body): FieldRef {
  if (typeof key !== 'string' || !initialUnits.has(key)) {
    throw new RequestError(400, `key: expected one of ${[...initialUnits.keys()].join(', ')}`)
  }
  if (typeof field !== 'string' || !Object.hasOwn(strategies, field)) {
    throw new RequestError(400, `field: expected one of ${Object.keys(strategies).join(', ')}`)
  }
  return { key, field: field as UnitField }
}

function parsePlannedEdits(system: System, { edits }: Body, target: FieldRef): [PlannedEdit, PlannedEdit] {
  const [first, second, ...others] = Array.isArray(edits)
    ? edits.map((edit) => parsePlannedEdit(system, edit, target))
    : []
  if (!first || !second || others.length > 0) throw new RequestError(400, 'edits: expected two edits')
  if (first.replica.name === second.replica.name)
    throw new RequestError(400, 'edits: expected edits on two different replicas')
  return [first, second]
}

function parsePlannedEdit(system: System, edit: unknown, { field }: FieldRef): PlannedEdit {
  const { instance, actor, value } = (typeof edit === 'object' && edit !== null ? edit : {}) as Body
  const replica = system.replicas.find(({ name }) => name === instance)
  if (!replica) throw new RequestError(400, 'instance: expected the name of a replica')
  if (!isText(actor)) throw new RequestError(400, `actor: expected a name of at most ${MAX_TEXT_LENGTH} characters`)
  return { replica, actor, value: parseValue(value, field) }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= MAX_TEXT_LENGTH

function parseValue(value: unknown, field: UnitField): UnitValue {
  if (field === 'tags') {
    const tags: readonly unknown[] = Array.isArray(value) ? value : [undefined]
    if (tags.length <= MAX_TAGS && tags.every(isText)) return [...new Set(tags)]
    throw new RequestError(400, `${field}: expected a list of at most ${MAX_TAGS} strings`)
  }
  if (field === 'unitName' || field === 'unitType') {
    if (isText(value)) return value
    throw new RequestError(400, `${field}: expected a string of at most ${MAX_TEXT_LENGTH} characters`)
  }
  if (typeof value === 'number' && value >= 0 && value <= 1e6) return value
  throw new RequestError(400, `${field}: expected a number from 0 to 1000000`)
}
