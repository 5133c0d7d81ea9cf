import { compareAndSet, editAtOnce, editOnce, type Hand, type Target } from './edits.ts'
import { toldEdits, toldTry } from './edits-told.ts'
import type { Request } from './request.ts'
import { RequestError } from './request-error.ts'
import { firstUnits, strategies, type UnitField, type UnitValue } from './services/forecast/units.ts'
import type { JournalSection } from './services/journal.ts'
import type { System } from './system.ts'

type Body = Readonly<Record<string, unknown>>

/** What the page can ask for about the units and who changed what, by path. */
export const editRequests: readonly (readonly [string, Request])[] = [
  [
    '/edit',
    async (system, body) => {
      const target = targetIn(body)
      const hand = handIn(system, body['hand'], target)
      const result = await system.write((all) => editOnce(hand, target, all))
      return { ...result, told: toldEdits(result) }
    },
  ],
  [
    '/edit-at-once',
    async (system, body) => {
      const target = targetIn(body)
      const hands = handsIn(system, body, target)
      const result = await system.write((all) => editAtOnce(hands, target, all))
      return { ...result, told: toldEdits(result) }
    },
  ],
  [
    '/compare-and-set',
    async (system, body) => {
      const target = targetIn(body)
      const hands = handsIn(system, body, target)
      const result = await system.write((all) => compareAndSet(hands, target, all))
      return { ...result, told: toldTry(result) }
    },
  ],
  [
    '/journal',
    (system, { section, key = '' }) => {
      if (typeof key !== 'string') throw new RequestError(400, 'key: a text is needed')
      const wanted = { ...(section !== undefined && { section: sectionOf(section) }), key, last: MOST_LINES }
      return system.ask(({ replicas: [first] }) => {
        if (!first) throw new RequestError(503, 'there is no replica to ask')
        return first.ask('journal', wanted)
      })
    },
  ],
]

const MOST_LINES = 60
const MOST_TEXT = 80
const MOST_TAGS = 20

function sectionOf(given: unknown): JournalSection {
  if (given === 'outages' || given === 'units') return given
  throw new RequestError(400, 'section: "outages" or "units" is needed')
}

function targetIn({ key, field }: Body): Target {
  if (typeof key !== 'string' || !firstUnits.has(key)) {
    throw new RequestError(400, `key: one of ${[...firstUnits.keys()].join(', ')} is needed`)
  }
  if (typeof field !== 'string' || !Object.hasOwn(strategies, field)) {
    throw new RequestError(400, `field: one of ${Object.keys(strategies).join(', ')} is needed`)
  }
  return { key, field: field as UnitField }
}

function handsIn(system: System, { hands }: Body, target: Target): [Hand, Hand] {
  const [first, second, ...others] = Array.isArray(hands) ? hands.map((hand) => handIn(system, hand, target)) : []
  if (!first || !second || others.length > 0) throw new RequestError(400, 'hands: two are needed')
  if (first.at.name === second.at.name) throw new RequestError(400, 'hands: two instances are needed')
  return [first, second]
}

function handIn(system: System, given: unknown, { field }: Target): Hand {
  const { instance, actor, value } = (typeof given === 'object' && given !== null ? given : {}) as Body
  const at = system.replicas.find(({ name }) => name === instance)
  if (!at) throw new RequestError(400, 'instance: the name of a replica is needed')
  if (!isText(actor)) throw new RequestError(400, `actor: a name of at most ${MOST_TEXT} characters is needed`)
  return { at, actor, value: valueIn(value, field) }
}

const isText = (given: unknown): given is string =>
  typeof given === 'string' && given.trim() !== '' && given.length <= MOST_TEXT

function valueIn(given: unknown, field: UnitField): UnitValue {
  if (field === 'tags') {
    const tags: readonly unknown[] = Array.isArray(given) ? given : [undefined]
    if (tags.length <= MOST_TAGS && tags.every(isText)) return [...new Set(tags)]
    throw new RequestError(400, `${field}: a list of at most ${MOST_TAGS} texts is needed`)
  }
  if (field === 'unitName' || field === 'unitType') {
    if (isText(given)) return given
    throw new RequestError(400, `${field}: a text of at most ${MOST_TEXT} characters is needed`)
  }
  if (typeof given === 'number' && given >= 0 && given <= 1e6) return given
  throw new RequestError(400, `${field}: a number from 0 to 1000000 is needed`)
}
