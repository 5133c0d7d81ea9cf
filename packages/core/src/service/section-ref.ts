import type { CollectionDefinition } from '../collection/definition.ts'
import type { SectionRef } from '../model/address.ts'
import { formatValue, typeName } from '../model/assert.ts'
import { ArgumentError } from '../model/errors.ts'

/** Partition of a collection that is opened without one. Part of the address in the store, so it never changes. */
const DEFAULT_PARTITION = 'default'

/**
 * Returns the section that a caller opens. Only an omitted `at` means the default partition: an unset variable must not.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if one of the arguments is not what `collection` requires
 */
export function toSectionRef(
  definition: Pick<CollectionDefinition<unknown>, 'section' | 'digest'>,
  at: { readonly partition: string } | undefined,
): SectionRef {
  if (typeof definition?.digest !== 'string')
    throw new ArgumentError(`definition: expected the result of defineCollection(), got ${typeName(definition)}`)
  const { section } = definition
  if (at === undefined) return { partition: DEFAULT_PARTITION, section }
  if (typeof at === 'object' && at !== null && typeof at.partition === 'string' && at.partition !== '')
    return { partition: at.partition, section }
  throw new ArgumentError(
    `at: expected an address such as { partition: 'eu' }, got ${describeAddress(at)}; omit it for the partition '${DEFAULT_PARTITION}'`,
  )
}

const describeAddress = (at: unknown): string =>
  typeof at === 'object' && at !== null ? `partition ${formatValue(Reflect.get(at, 'partition'))}` : typeName(at)
