/** Counters of an instance since its start. */
export interface SyncStats {
  /** Number of applied changes from other instances. */
  readonly changes: number
  /** Number of this instance's commits. */
  readonly commits: number
  /** Number of this instance's writes that changed nothing. */
  readonly unchanged: number
  /** Number of this instance's write attempts that failed because the document was newer. */
  readonly conflicts: number
  /** Share of write attempts that conflicted, 0 to 1. */
  readonly conflictRate: number
  /** Number of detected gaps: a change arrived whose predecessor had not. */
  readonly gaps: number
  /** Number of repaired gaps, by reading the log or by reloading documents. */
  readonly repairs: number
  /** Number of documents that were reloaded, because the log did not contain their changes. */
  readonly reloads: number
  /** Number of duplicate changes that were dropped. */
  readonly duplicates: number
  /** Number of changes that arrived before their predecessor, which followed within the reorder window. */
  readonly reorders: number
  /** Number of frames that could not be decoded. */
  readonly rejectedFrames: number
  /** Size of received frames, in UTF-8 bytes. */
  readonly receivedBytes: number
  /** Size of this instance's published changes, in UTF-8 bytes. */
  readonly publishedBytes: number
  /**
   * Time from the commit, by the store's clock, to its application here, in ms, over the last 1,024 changes from other
   * instances.
   */
  readonly propagation: { readonly p50: number; readonly p95: number; readonly p99: number; readonly count: number }
  /** Consistency score of the last `verify`, 0 to 1; 1 before the first. */
  readonly consistency: number
  /** Number of cached documents. */
  readonly documents: number
  /** Number of open sections. Excludes those released while they were idle. */
  readonly sections: number
  /** Number of changes that wait in reorder buffers. */
  readonly buffered: number
  /** Number of watchers: change streams and listeners. */
  readonly watchers: number
}
