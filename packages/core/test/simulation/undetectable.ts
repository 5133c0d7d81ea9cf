const RARE = 'did not occur in thousands of seeds:'

/**
 * Rules whose absence no history of the simulation shows, each with the reason. `pnpm rules` proves that each has a test that
 * fails without it. A rule that is neither here nor planted fails the tests.
 */
export const undetectable: ReadonlyMap<string, string> = new Map([
  ['write-asks-source', 'the simulated collection has no source'],
  ['shared-answer-keeps-its-position', 'the simulated collection has no source'],
  ['base-is-loaded-at-call', 'the simulated writers derive merged fields from the cached document'],
  [
    'own-change-through-the-buffer',
    'only a delay: the write is acknowledged when its echo or the heartbeat check delivers the change',
  ],
  ['repeated-answer-is-published', 'only a delay: the heartbeat check of the receivers finds the change'],
  ['change-of-a-frame-by-itself', 'only a delay: the heartbeat check finds the changes of a late frame'],
  ['log-reads-pass-the-fence', 'only a delay: the next head query compares the identity'],
  ['repair-goes-on-from-the-fork', 'only a delay: the next check reads the missing changes'],
  ['answer-has-the-change', 'only a cost: receivers load the fields that the published change lacks'],
  ['below-the-fork-goes-on', 'only a cost: replicas are reloaded unnecessarily'],
  ['memory-before-epoch', 'only a cost: the refused writer adopts the new epoch and gets its answer there'],
  [
    'nothing-to-do-is-remembered',
    'occurred once in thousands of seeds: a redundant write has a precondition, so its late copy mostly conflicts',
  ],
  ['ahead-mints', 'the simulated store never loses its tail without a new identity, which is compared first'],
  [
    'question-has-the-highest',
    'the simulated store never loses its tail without a new identity, which is compared first',
  ],
  ['loss-by-the-highest', `${RARE} the fork would have to be exactly between a gap and an own write beyond it`],
  ['judged-on-arrival', `${RARE} a change would have to arrive and be lost while a head query is in progress`],
  [
    'repair-asks-again',
    `${RARE} an epoch would have to begin while a page of the log is in transit, and the page would have to fit`,
  ],
  [
    'log-counts-as-of-its-answer',
    `${RARE} the lineage would have to drop an epoch whose changes are missing and still in the log`,
  ],
  ['gap-of-our-history', `${RARE} an epoch would have to begin, and lose commits, during a comparison of versions`],
  ['load-older-than-the-gap', `${RARE} a load would have to be in progress when the log turns out to be truncated`],
  ['lost-replay-is-withdrawn', `${RARE} a load would have to be in progress while the log is replayed and then lost`],
  [
    'snapshot-position-covers-its-list',
    `${RARE} a deletion would have to be in transit when a snapshot is read, and its watcher would have to resume`,
  ],
  ['position-skips-nothing', 'the simulated watchers save their positions only after whole batches'],
])
