/** What an instance counted since its start. */
export interface SyncStats {
  /** Changes by other instances applied here. */
  readonly changes: number
  /** Own commits. */
  readonly commits: number
  /** Own writes that found everything as wanted. */
  readonly unchanged: number
  /** Own attempts that met a newer state. */
  readonly conflicts: number
  /** `conflicts` per attempt, 0 … 1. */
  readonly conflictRate: number
  /** Holes noticed: a change arrived whose predecessor did not. */
  readonly gaps: number
  /** Holes mended: by the log, or by loading. */
  readonly repairs: number
  /** Documents loaded again because the log did not reach. */
  readonly reloads: number
  /** Changes seen before, dropped. */
  readonly duplicates: number
  /** Changes that came before their predecessor and found it within the reorder window. */
  readonly reorders: number
  /** Frames that could not be read. */
  readonly rejectedFrames: number
  /** Bytes of the changes received, as text in UTF-16 units. */
  readonly receivedBytes: number
  /** Bytes of own changes published, as text in UTF-16 units. */
  readonly publishedBytes: number
  /** From the store's clock at the commit to applied here, ms, over the last 1,024 changes by others. */
  readonly propagation: { readonly p50: number; readonly p95: number; readonly p99: number; readonly count: number }
  /** Consistency score of the last `verify`, 0 … 1; 1 before the first. */
  readonly consistency: number
  /** Documents held. */
  readonly documents: number
  /** Sections followed. */
  readonly sections: number
  /** Changes waiting in reorder buffers. */
  readonly buffered: number
  /** Streams and listeners. */
  readonly watchers: number
}
