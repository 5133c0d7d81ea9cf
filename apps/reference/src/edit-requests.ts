import { summarizeCompareAndSet, summarizeEdits } from './edit-summary.ts'
import { compareAndSet, editConcurrently, editOnce, type FieldRef, type PlannedEdit } from './edits.ts'
import { RequestError } from './request-error.ts'
import type { RequestHandler } from './request-handler.ts'
import { initialUnits, strategies, type UnitField, type UnitValue } from './services/forecast/units.ts'
import type { JournalSection } from './services/journal.ts'
import type { System } from './system.ts'

type Body = Readonly<Record<string, unknown>>

/** What the page can ask for about the units and who changed what, by path. */
export const editRequests: readonly (readonly [string, RequestHandler])[] = [
  [
    '/edit',
    async (system, body) => {
      const target = parseTarget(body)
      const hand = parsePlannedEdit(system, body['hand'], target)
      const result = await system.write((all) => editOnce(hand, target, all))
      return { ...result, told: summarizeEdits(result) }
    },
  ],
  [
    '/edit-at-once',
    async (system, body) => {
      const target = parseTarget(body)
      const hands = parsePlannedEdits(system, body, target)
      const result = await system.write((all) => editConcurrently(hands, target, all))
      return { ...result, told: summarizeEdits(result) }
    },
  ],
  [
    '/compare-and-set',
    async (system, body) => {
      const target = parseTarget(body)
      const hands = parsePlannedEdits(system, body, target)
      const result = await system.write((all) => compareAndSet(hands, target, all))
      return { ...result, told: summarizeCompareAndSet(result) }
    },
  ],
  [
    '/journal',
    (system, { section, key = '' }) => {
      if (typeof key !== 'string') throw new RequestError(400, 'key: a text is needed')
      const query = { ...(section !== undefined && { section: parseSection(section) }), key, last: MAX_JOURNAL_LINES }
      return system.ask(({ replicas: [first] }) => {
        if (!first) throw new RequestError(503, 'there is no replica to ask')
        return first.execute('journal', query)
      })
    },
  ],
]

const MAX_JOURNAL_LINES = 60
const MAX_TEXT_LENGTH = 80
const MAX_TAGS = 20

function parseSection(given: unknown): JournalSection {
  if (given === 'outages' || given === 'units') return given
  throw new RequestError(400, 'section: "outages" or "units" is needed')
}

function parseTarget({ key, field }: Body): FieldRef {
  if (typeof key !== 'string' || !initialUnits.has(key)) {
    throw new RequestError(400, `key: one of ${[...initialUnits.keys()].join(', ')} is needed`)
  }
  if (typeof field !== 'string' || !Object.hasOwn(strategies, field)) {
    throw new RequestError(400, `field: one of ${Object.keys(strategies).join(', ')} is needed`)
  }
  return { key, field: field as UnitField }
}

function parsePlannedEdits(system: System, { hands }: Body, target: FieldRef): [PlannedEdit, PlannedEdit] {
  const [first, second, ...others] = Array.isArray(hands)
    ? hands.map((hand) => parsePlannedEdit(system, hand, target))
    : []
  if (!first || !second || others.length > 0) throw new RequestError(400, 'hands: two are needed')
  if (first.replica.name === second.replica.name) throw new RequestError(400, 'hands: two instances are needed')
  return [first, second]
}

function parsePlannedEdit(system: System, given: unknown, { field }: FieldRef): PlannedEdit {
  const { instance, actor, value } = (typeof given === 'object' && given !== null ? given : {}) as Body
  const replica = system.replicas.find(({ name }) => name === instance)
  if (!replica) throw new RequestError(400, 'instance: the name of a replica is needed')
  if (!isText(actor)) throw new RequestError(400, `actor: a name of at most ${MAX_TEXT_LENGTH} characters is needed`)
  return { replica, actor, value: parseValue(value, field) }
}

const isText = (given: unknown): given is string =>
  typeof given === 'string' && given.trim() !== '' && given.length <= MAX_TEXT_LENGTH

function parseValue(given: unknown, field: UnitField): UnitValue {
  if (field === 'tags') {
    const tags: readonly unknown[] = Array.isArray(given) ? given : [undefined]
    if (tags.length <= MAX_TAGS && tags.every(isText)) return [...new Set(tags)]
    throw new RequestError(400, `${field}: a list of at most ${MAX_TAGS} texts is needed`)
  }
  if (field === 'unitName' || field === 'unitType') {
    if (isText(given)) return given
    throw new RequestError(400, `${field}: a text of at most ${MAX_TEXT_LENGTH} characters is needed`)
  }
  if (typeof given === 'number' && given >= 0 && given <= 1e6) return given
  throw new RequestError(400, `${field}: a number from 0 to 1000000 is needed`)
}
