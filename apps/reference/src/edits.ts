import type { Edited, Standing, Tried } from './services/forecast/edits.ts'
import { strategies, type UnitField, type UnitValue } from './services/forecast/units.ts'
import type { Handle } from './services/handle.ts'

/** Who writes what, at which instance. */
export interface Hand {
  readonly at: Pick<Handle, 'name' | 'ask'>
  readonly actor: string
  readonly value: UnitValue
}

/** One of the writes. */
export interface Written extends Edited {
  readonly instance: string
  readonly actor: string
  readonly wanted: UnitValue
}

/** What two edits at once came to. */
export interface AtOnce {
  readonly key: string
  readonly field: UnitField
  readonly strategy: (typeof strategies)[UnitField]
  /** In the store's order. */
  readonly writes: readonly Written[]
  /** What every instance holds afterwards. */
  readonly held: readonly ({ readonly instance: string } & Standing)[]
}

/** What a conditional write came to. */
export interface Cas {
  readonly key: string
  readonly field: UnitField
  readonly read: Standing
  readonly other: Standing
  /** Who tried, and who was first. */
  readonly hands: readonly [{ readonly instance: string; readonly wanted: UnitValue }, { readonly instance: string }]
  readonly tried: Tried
  readonly held: readonly ({ readonly instance: string } & Standing)[]
}

/** Which field of which unit. */
export interface Target {
  readonly key: string
  readonly field: UnitField
}

type Asked = Pick<Handle, 'name' | 'ask'>

/** Two instances write one field before either has heard of the other; then all hear of both. */
export async function editAtOnce(hands: readonly [Hand, Hand], target: Target, all: readonly Asked[]): Promise<AtOnce> {
  const edits = async (): Promise<Written[]> => {
    try {
      await Promise.all(hands.map(({ at }) => at.ask('withholdUnits')))
      return await Promise.all(hands.map((hand) => edit(hand, target)))
    } finally {
      await Promise.all(hands.map(({ at }) => at.ask('handOverUnits').catch(() => undefined)))
    }
  }
  // one that found nothing left to write came last
  const inOrder = (a: Written, b: Written): number => a.version - b.version || Number(b.changed) - Number(a.changed)
  const writes = (await edits()).sort(inOrder)
  return { ...target, strategy: strategies[target.field], writes, held: await heldBy(all, target) }
}

/** One instance writes one field, and all hear of it. */
export async function editOnce(hand: Hand, target: Target, all: readonly Asked[]): Promise<AtOnce> {
  const writes = [await edit(hand, target)]
  return { ...target, strategy: strategies[target.field], writes, held: await heldBy(all, target) }
}

/** The first reads a field, the second writes it, then the first writes it on the condition that it is as it was read. */
export async function compareAndSet(
  [first, second]: readonly [Hand, Hand],
  target: Target,
  all: readonly Asked[],
): Promise<Cas> {
  const read = await first.at.ask('standing', target)
  await edit(second, target)
  const other = await second.at.ask('standing', target)
  const { value, actor } = first
  const tried = await first.at.ask('tryEdit', { ...target, value, actor, expectedVersion: read.fieldVersion })
  const hands = [{ instance: first.at.name, wanted: value }, { instance: second.at.name }] as const
  return { ...target, read, other, hands, tried, held: await heldBy(all, target) }
}

async function edit({ at, actor, value }: Hand, target: Target): Promise<Written> {
  const edited = await at.ask('edit', { ...target, value, actor })
  return { ...edited, instance: at.name, actor, wanted: value }
}

const heldBy = (all: readonly Asked[], target: Target): Promise<AtOnce['held']> =>
  Promise.all(
    all.map(async ({ name, ask }) => {
      await ask('check')
      return { instance: name, ...(await ask('standing', target)) }
    }),
  )
