/** How a section's readers hear of its changes: all of them on one channel, or each document's on its own. */
export type SubscribeBy = 'section' | 'document'

/** How services define a section, as the store notes it, so that two that define it differently find out. */
export interface SectionDefinition {
  /** Noted by the first commit and never changed: writers have to send where readers listen. */
  readonly subscribeBy: SubscribeBy
  /** Equal exactly if all else that services have to agree on is equal. The last commit's is noted. */
  readonly digest: string
}
