/** Where one document lives. Each part is a non-empty string, any Unicode; `partition` is the tenant or region. */
export interface DocumentRef {
  readonly partition: string
  readonly section: string
  readonly key: string
}

/** All documents of one kind in one partition: the unit of sequence, epoch, log and (by default) subscription. */
export interface SectionRef {
  readonly partition: string
  readonly section: string
}

/** What a subscription, a publication or a log read is about: a whole section, or one document of it. */
export type Scope = SectionRef | DocumentRef

/** True for the scope of one document. */
export const isDocumentRef = (scope: Scope): scope is DocumentRef => 'key' in scope

/** The section that a scope belongs to. */
export const sectionOf = ({ partition, section }: Scope): SectionRef => ({ partition, section })

/** A text that differs for any two different scopes: for maps in memory, never for the wire. */
export const scopeId = (scope: Scope): string =>
  `${scope.partition.length}:${scope.partition}${scope.section.length}:${scope.section}${isDocumentRef(scope) ? `/${scope.key}` : ''}`
