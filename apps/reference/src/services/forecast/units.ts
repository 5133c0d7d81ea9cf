import { type CollectionDefinition, defineCollection, type MergeInput, max, type SectionRef, union } from '@sync/core'

/** What a forecast of one power plant starts from. */
export interface Unit {
  readonly unitName: string
  readonly unitType: string
  /** MW. */
  readonly installedCapacity: number
  /** MW. */
  readonly demand: number
  readonly tags: readonly string[]
}

export type UnitField = keyof Unit
export type UnitValue = Unit[UnitField]

/** A unit as one instance holds it. */
export interface UnitCopy {
  readonly value: Unit
  readonly version: number
  readonly fieldVersions: Readonly<Record<string, number>>
}

/** Where the units live. */
export const unitsSection: SectionRef = { partition: 'forecast', section: 'config' }

/** Two that disagree meet in the middle, to a tenth. */
export const midpoint = ({ local, remote }: MergeInput<number>): number => Math.round((local + remote) * 5) / 10

/** By field: what decides when two write it at once. */
export const strategies: Readonly<Record<UnitField, 'lww' | 'max' | 'union' | 'custom'>> = {
  unitName: 'lww',
  unitType: 'lww',
  installedCapacity: 'max',
  demand: 'custom',
  tags: 'union',
}

/** The units, held whole by every instance. */
export const units: CollectionDefinition<Unit> = defineCollection<Unit>({
  section: unitsSection.section,
  ttl: 'never',
  replicate: 'all',
  merge: { installedCapacity: max, demand: midpoint, tags: union() },
})

/** What there is before anybody edits. */
export const initialUnits: ReadonlyMap<string, Unit> = new Map([
  [
    'unit-001',
    { unitName: 'PowerPlant A', unitType: 'PP', installedCapacity: 450.5, demand: 380.2, tags: ['gas', 'north'] },
  ],
  [
    'unit-002',
    { unitName: 'Wind Park B', unitType: 'WP', installedCapacity: 120, demand: 64.8, tags: ['wind', 'coast'] },
  ],
  ['unit-003', { unitName: 'Solar Field C', unitType: 'SP', installedCapacity: 85, demand: 41.3, tags: ['solar'] }],
])
