import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from './address.ts'
import { ArgumentError } from './errors.ts'

/** Checks an address. @throws ArgumentError (`SYNC_ARGUMENT`) unless partition and section are non-empty strings. */
export function assertSectionRef({ partition, section }: SectionRef): void {
  if (!isNonEmptyString(partition))
    throw new ArgumentError('partition: not a non-empty string', { address: { section } })
  if (!isNonEmptyString(section)) throw new ArgumentError('section: not a non-empty string', { address: { partition } })
}

/** Checks an address. @throws ArgumentError (`SYNC_ARGUMENT`) unless partition, section and key are non-empty strings. */
export function assertDocumentRef(ref: DocumentRef): void {
  assertSectionRef(ref)
  const { partition, section } = ref
  if (!isNonEmptyString(ref.key))
    throw new ArgumentError('key: not a non-empty string', { address: { partition, section } })
}

/** Checks an address. @throws ArgumentError (`SYNC_ARGUMENT`) unless every part of the address is a non-empty string. */
export const assertScope = (scope: Scope): void =>
  isDocumentRef(scope) ? assertDocumentRef(scope) : assertSectionRef(scope)

const isNonEmptyString = (name: unknown): boolean => typeof name === 'string' && name !== ''
