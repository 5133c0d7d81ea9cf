import { type CollectionDefinition, defineCollection, type MergeInput, max, type SectionRef, union } from '@sync/core'

/** Configuration of the forecast for one power plant. */
export interface Unit {
  readonly unitName: string
  readonly unitType: string
  /** Installed capacity in MW. */
  readonly installedCapacity: number
  /** Demand in MW. */
  readonly demand: number
  readonly tags: readonly string[]
}

export type UnitField = keyof Unit
export type UnitValue = Unit[UnitField]

/** One instance's replica of a unit. */
export interface UnitCopy {
  readonly value: Unit
  readonly version: number
  readonly fieldVersions: Readonly<Record<string, number>>
}

/** Address of the units' section. */
export const unitsSection: SectionRef = { partition: 'forecast', section: 'config' }

/** Merge strategy that returns the midpoint of both values, rounded to one decimal. */
export const midpoint = ({ local, remote }: MergeInput<number>): number => Math.round((local + remote) * 5) / 10

/** Name of each field's merge strategy. */
export const strategies: Readonly<Record<UnitField, 'lww' | 'max' | 'union' | 'custom'>> = {
  unitName: 'lww',
  unitType: 'lww',
  installedCapacity: 'max',
  demand: 'custom',
  tags: 'union',
}

/** Definition of the units' collection. Every instance replicates all units. */
export const units: CollectionDefinition<Unit> = defineCollection<Unit>({
  section: unitsSection.section,
  ttl: 'never',
  replicate: 'all',
  merge: { installedCapacity: max, demand: midpoint, tags: union() },
})

/** Units that exist at the start. */
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
