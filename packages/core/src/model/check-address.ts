import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from './address.ts'
import { ArgumentError } from './errors.ts'

/** Checks an address. @throws ArgumentError (`SYNC_ARGUMENT`) unless partition and section are non-empty strings. */
export function checkSection({ partition, section }: SectionRef): void {
  if (!isName(partition)) throw new ArgumentError('partition: not a non-empty string', { address: { section } })
  if (!isName(section)) throw new ArgumentError('section: not a non-empty string', { address: { partition } })
}

/** Checks an address. @throws ArgumentError (`SYNC_ARGUMENT`) unless partition, section and key are non-empty strings. */
export function checkDocument(ref: DocumentRef): void {
  checkSection(ref)
  const { partition, section } = ref
  if (!isName(ref.key)) throw new ArgumentError('key: not a non-empty string', { address: { partition, section } })
}

/** Checks an address. @throws ArgumentError (`SYNC_ARGUMENT`) unless every part of the address is a non-empty string. */
export const checkScope = (scope: Scope): void => (isDocumentRef(scope) ? checkDocument(scope) : checkSection(scope))

const isName = (name: unknown): boolean => typeof name === 'string' && name !== ''
