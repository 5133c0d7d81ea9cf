/** Address of one document. Each part is any non-empty string; `partition` is the tenant or region. */
export interface DocumentRef {
  readonly partition: string
  readonly section: string
  readonly key: string
}

/**
 * Address of a section: a named group of documents in one partition. The unit of sequence, epoch, log and, by default,
 * subscription.
 */
export interface SectionRef {
  readonly partition: string
  readonly section: string
}

/** Subject of a subscription, a publication or a log read: a whole section, or one of its documents. */
export type Scope = SectionRef | DocumentRef

/** Whether a scope is a single document. */
export const isDocumentRef = (scope: Scope): scope is DocumentRef => 'key' in scope

/** Returns the section that contains the scope. */
export const sectionOf = ({ partition, section }: Scope): SectionRef => ({ partition, section })

/** Returns a string that is unique per scope. For keys of in-memory maps only; it never appears on the wire. */
export const scopeId = (scope: Scope): string =>
  `${scope.partition.length}:${scope.partition}${scope.section.length}:${scope.section}${isDocumentRef(scope) ? `/${scope.key}` : ''}`
