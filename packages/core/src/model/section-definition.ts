/** Channel layout of a section: one channel for all its changes, or one channel per document. */
export type SubscribeBy = 'section' | 'document'

/**
 * Definition of a section as the store records it. It lets services that define the same section differently detect
 * that.
 */
export interface SectionDefinition {
  /** Recorded by the first commit and immutable: writers must publish to the channels that readers subscribe to. */
  readonly subscribeBy: SubscribeBy
  /** Digest of every other setting that services must agree on. Each commit records its writer's digest. */
  readonly digest: string
}
