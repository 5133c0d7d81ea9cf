const RARE = 'not met in thousands of seeds:'

/**
 * The rules whose absence no history shows here, and why. Each has a test of its own, which `pnpm rules` proves: it fails without
 * the rule. A rule that is neither here nor planted fails the tests.
 */
export const undetectable: ReadonlyMap<string, string> = new Map([
  [
    'own-change-through-the-buffer',
    'only a delay: the write is acknowledged once its echo or the silence check has brought it',
  ],
  ['repeated-answer-is-published', 'only a delay: receivers find the change by their silence check'],
  ['change-of-a-frame-by-itself', 'only a delay: what a frame brought late is found by the silence check'],
  ['log-reads-pass-the-fence', 'only a delay: the head that is asked for next passes the fence'],
  ['repair-goes-on-from-the-fork', 'only a delay: the next check reads on'],
  ['answer-has-the-change', 'only a cost: receivers load what the published change leaves out'],
  ['below-the-fork-goes-on', 'only a cost: replicas are loaded that need not be'],
  ['memory-before-epoch', 'only a cost: the refused writer goes to the next epoch and is answered there'],
  [
    'nothing-to-do-is-remembered',
    'met once in thousands of seeds: a write that found nothing to do asserts what it judged by, and mostly its late copy meets a conflict',
  ],
  ['ahead-mints', 'the simulated store never loses its tail under the identity that it had: the fence is first'],
  [
    'question-has-the-highest',
    'the simulated store never loses its tail under the identity that it had: the fence is first',
  ],
  ['loss-by-the-highest', `${RARE} a loss would have to fall just between a hole and an own write beyond it`],
  ['judged-on-arrival', `${RARE} a change would have to come, and be lost, while a head is on its way`],
  [
    'repair-asks-again',
    `${RARE} an epoch would have to begin while a page of the log is on its way, and the page to fit`,
  ],
  [
    'log-counts-as-of-its-answer',
    `${RARE} an epoch would have to be forgotten whose changes are missing and still in the log`,
  ],
  [
    'gap-of-our-history',
    `${RARE} an epoch would have to begin while versions are compared, and to lose what they are of`,
  ],
  ['load-older-than-the-gap', `${RARE} a load would have to be on its way when the log is found not to reach`],
  ['position-skips-nothing', 'the simulated watchers save their place after whole batches'],
])
