import type { Json, JsonObject } from '@sync/core/patch'

const FIELDS = 63
const TOPICS = ['price', 'stock', 'route', 'carrier', 'margin', 'label', 'window', 'score', 'origin'] as const

/** Returns a typical shared document: 63 fields, 3.4 KB as JSON. The same seed gives the same document. */
export function benchDocument(seed = 1): JsonObject {
  const random = createGenerator(seed)
  const fields: [string, Json][] = []
  for (let i = 0; i < FIELDS; i++) {
    const topic = TOPICS[i % TOPICS.length] as string
    fields.push([`${topic}${Math.floor(i / TOPICS.length) + 1}`, fieldValue(i, topic, random)])
  }
  return Object.fromEntries(fields)
}

function fieldValue(i: number, topic: string, random: () => number): Json {
  const code = Math.floor(random() * 1e6)
  switch (i % 7) {
    case 0:
      return code
    case 1:
      return Math.round(random() * 1e4) / 100
    case 2:
      return `${topic} of the ${code % 2 === 0 ? 'northern' : 'southern'} region, checked by operator ${code % 17}, revision ${code}`
    case 3:
      return {
        id: `${topic}-${code}`,
        amount: Math.round(random() * 1e3),
        note: `set by rule ${code % 97} of the spring tariff`,
        currency: 'EUR',
        active: code % 3 > 0,
      }
    case 4:
      return code % 2 === 0
    case 5:
      return [`${topic} ${code}`, { at: code, level: Math.floor(random() * 100), by: `operator ${code % 17}` }]
    default:
      return code % 5 === 0 ? null : `planned for ${new Date(1.7e12 + code * 1e4).toISOString()}, not confirmed`
  }
}

/** Returns a list of 100 records, as in a feed, a queue or an order book. */
export function benchList(seed: number): readonly JsonObject[] {
  const random = createGenerator(seed)
  return Array.from({ length: 100 }, (_, i) => ({
    id: `item-${i}`,
    title: `Item number ${i}`,
    price: Math.round(random() * 1e4) / 100,
    tags: ['new', i % 2 === 0 ? 'even' : 'odd'],
  }))
}

/** A small linear congruential generator (Numerical Recipes), so that all randomness comes from a seed. */
function createGenerator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Returns the document after a typical write: one number, one text and one nested member change. */
export function withChanges(base: JsonObject, n: number): JsonObject {
  return {
    ...base,
    price1: n,
    carrier4: `carrier of revision ${n}`,
    stock2: { ...(base['stock2'] as JsonObject), amount: n },
  }
}
