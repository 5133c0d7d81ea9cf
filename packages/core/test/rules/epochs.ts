import type { Rule } from './rule.ts'

/** How it is noticed that a store's history is another one, and what of the old goes on. */
export const epochs: readonly Rule[] = [
  {
    name: 'fence-in-every-call',
    statement: "Every call compares the server's identity in the step that does its work",
    consequence: 'a write that gets in before the comparison continues the lost tail under the same numbers',
    edits: [
      { file: 'memory/store-server.ts', find: 'section.touch(this.#identity)', replace: '' },
      {
        file: 'memory/store-server.ts',
        find: 'section.detectLostTail(query)',
        replace: 'section.touch(this.#identity)\nsection.detectLostTail(query)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > the first commit after a restart finds the new epoch, no later call another',
    },
  },
  {
    name: 'loads-pass-the-fence',
    statement: 'Loads compare the identity too',
    consequence: 'a copy that was promoted serves what is older than acknowledged writes, in the same epoch',
    edits: [
      {
        file: 'memory/store-server.ts',
        find: 'const section = this.#fencedSection(ref)',
        replace: 'const section = this.#sections.get(ref.partition)?.get(ref.section) ?? this.#create(ref)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > the first load after a restart finds the new epoch, no later call another',
    },
  },
  {
    name: 'log-reads-pass-the-fence',
    statement: 'Log reads compare the identity too',
    consequence: 'a copy that was promoted says that there is nothing new, in the same epoch',
    edits: [
      {
        file: 'memory/store-server.ts',
        find: 'return this.#fencedSection(scope).changesSince(',
        replace:
          'return (this.#sections.get(scope.partition)?.get(scope.section) ?? this.#create(scope)).changesSince(',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > the first changesSince after a restart finds the new epoch, no later call another',
    },
  },
  {
    name: 'identity-new-at-a-start',
    statement: 'A server has another identity at every start',
    consequence: 'a restart that lost the tail goes unnoticed',
    edits: [{ file: 'memory/store-server.ts', find: 'this.#identity++', replace: '' }],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > a restart that lost nothing begins an epoch whose fork is the head',
    },
  },
  {
    name: 'identity-new-at-a-promotion',
    statement: 'A server has another identity at every promotion',
    consequence: 'a copy without the tail goes on in its name',
    edits: [{ file: 'memory/store-server.ts', find: 'this.restart()', replace: '' }],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'a lost tail > takes data, counters, log and answers back, and gives the server another identity',
    },
  },
  {
    name: 'epoch-knows-its-parent',
    statement: 'An epoch records its parent and the sequence at which it began, and every answer tells',
    consequence: 'a restart that lost nothing drops every replica',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'this.#ancestors = Object.freeze([...lineage, fork].slice(first))',
        replace: 'this.#ancestors = []',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'epoch event > reports no loss and causes no reload when the store restarts without loss',
    },
  },
  {
    name: 'below-the-fork-goes-on',
    statement: 'A replica at or below the fork goes on in the new epoch',
    consequence: 'a restart that lost nothing drops every replica',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'else if (replica.epoch !== from || !isShared(replica.sequence))',
        replace: 'else if (true)',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'epoch event > reports no loss and causes no reload when the store restarts without loss',
    },
  },
  {
    name: 'above-the-fork-is-loaded',
    statement: 'A replica above the fork is loaded again',
    consequence: 'it keeps a value that the store lost',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'else if (replica.epoch !== from || !isShared(replica.sequence))',
        replace: 'else if (replica.epoch !== from)',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'epoch event > reports the loss and reloads documents above the fork when the store loses commits',
    },
  },
  {
    name: 'back-to-the-fork',
    statement: 'A watermark above the fork goes back to it, not to the head',
    consequence: 'a replica that goes on is never told what came between fork and head',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'else this.#sequences.truncateTo(fork)',
        replace: 'else this.#sequences.resetTo(state.sequence)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reads the changes between the fork and the head of the new epoch',
    },
  },
  {
    name: 'watchers-go-back-to-the-fork',
    statement: 'Whoever watches a section is told from the fork on what the new history has',
    consequence: 'changes that bear the numbers of lost ones are taken for told',
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: 'Math.min(this.#released, contiguous)',
        replace: 'this.#released',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes() when the store loses commits > emits the changes of the new epoch when the stream began before the loss',
    },
  },
  {
    name: 'told-above-the-fork-is-taken-back',
    statement: 'A watcher that was told what the store lost is told what there is instead',
    consequence: 'it keeps a value that nobody else has',
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: "observer.reset(this.#released, 'epoch')",
        replace: '{}',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes() when the store loses commits > emits a reset for a lost change that the watcher has not read',
    },
  },
  {
    name: 'buffered-above-the-fork-is-dropped',
    statement: 'Changes of the lost history that wait for a predecessor are dropped',
    consequence: 'they are applied behind a change of the new one',
    edits: [
      { file: 'replica/replica-table.ts', find: '.filter((change) => this.#epochs.includes(change))', replace: '' },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > drops changes of the earlier epoch that wait behind a gap',
    },
  },
  {
    name: 'noted-above-the-fork-is-forgotten',
    statement: 'Sequences of the lost history that were noted beyond a hole are forgotten',
    consequence: 'those of the new one pass for seen',
    edits: [
      {
        file: 'versioning/sequence-tracker.ts',
        find: 'for (const each of this.#outOfOrder) if (each > fork) this.#outOfOrder.delete(each)',
        replace: '',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > drops changes of the earlier epoch that wait behind a gap',
    },
  },
  {
    name: 'late-above-the-fork-is-dropped',
    statement: 'A late change of an ancestor epoch counts only at or below the fork',
    consequence: 'what the store lost comes back, in one replica',
    edits: [
      {
        file: 'replica/change-router.ts',
        find: 'else if (change.sequence <= common) this.#routeAndCount(',
        replace: 'else this.#routeAndCount(',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'peek() > ignores a late change of a lost epoch',
    },
  },
  {
    name: 'other-epoch-only-asks',
    statement: 'A change of an epoch that is not ours makes us ask the store, at most',
    consequence: 'a late message throws good replicas away',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'onSuspectedLoss: () => this.catchUpInBackground(),',
        replace: 'onSuspectedLoss: () => this.catchUpInBackground(), acceptAnswer,',
      },
      {
        file: 'replica/change-router.ts',
        find: 'this.#onSuspectedLoss = () => targets.onSuspectedLoss()',
        replace: 'this.#onSuspectedLoss = () => targets.onSuspectedLoss()\nthis.hear = targets.acceptAnswer',
      },
      {
        file: 'replica/change-router.ts',
        find: 'const common = this.#epochs.commonSequence(change.epoch)',
        replace:
          'this.hear({ epoch: change.epoch, sequence: change.sequence, opResultCount: 0, ancestors: [] }, this.#epochs.switches)\nconst common = this.#epochs.commonSequence(change.epoch)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > keeps replicas when a late change of an earlier epoch arrives',
    },
  },
  {
    name: 'earlier-questions-are-asked-again',
    statement: 'An answer to a question asked before an epoch was adopted is asked again',
    consequence: 'an answer of the lost history leads back into it',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'if (asOf !== this.epochs.switches) return false',
        replace: '',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > stays in the new epoch when a head of the earlier one arrives',
    },
  },
  {
    name: 'repair-asks-again',
    statement: 'A repair that was under way when an epoch was adopted asks again',
    consequence: 'it fills a hole of the new history with the old one',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: 'if (!this.#host.acceptAnswer(page.state, switches)) continue\n      const switchesNow',
        replace: 'this.#host.acceptAnswer(page.state, switches)\n      const switchesNow',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > fills no gap of the new epoch from a log read in the earlier one',
    },
  },
  {
    name: 'repair-goes-on-from-the-fork',
    statement: 'A repair that is told of another epoch asks again from where that leaves it',
    consequence: 'what the new history has there is missed until the next check',
    edits: [{ file: 'replica/gap-repair.ts', find: 'if (switchesNow !== switches) continue', replace: '' }],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'gap repair > continues in the new epoch when the store reports one',
    },
  },
  {
    name: 'judged-on-arrival',
    statement: 'An answer of another epoch is judged by what is held when it arrives',
    consequence: 'the loss of what came after the question is not told',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const highestSeen = { epoch, sequence: this.#sequences.highest }',
        replace:
          'const highestSeen = { epoch, sequence: this.#sequences.highest }\nthis.asked = this.#sequences.highest',
      },
      {
        file: 'replica/section-replica.ts',
        find: 'const lost = !isShared(this.#sequences.highest)',
        replace: 'const lost = !isShared(this.asked)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reports the loss of a change that arrived while the request was in flight',
    },
  },
  {
    name: 'log-counts-as-of-its-answer',
    statement: 'Changes read from a log count as of the epoch that answered',
    consequence: 'those of an epoch that is forgotten by now fit nowhere',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: '({ ...decodeChange(encoded), epoch: state.epoch })',
        replace: 'decodeChange(encoded)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > applies logged changes whose epoch is no longer in the lineage',
    },
  },
  {
    name: 'expected-below-the-fork',
    statement: 'An expectation counts only if it was read at or below the fork',
    consequence: 'a conditional write is judged by counters of the lost history',
    edits: [{ file: 'memory/expectation.ts', find: 'if (!includesPosition(state, readAt))', replace: 'if (false)' }],
    provenBy: {
      file: 'memory/expectations.test.ts',
      name: 'what was read in another history > conflicts beyond it, though the numbers are the same',
    },
  },
  {
    name: 'loss-by-the-highest',
    statement: 'Whether something was lost is judged by the highest sequence ever shown or acknowledged here',
    consequence: 'the loss of a write that was acknowledged beyond a hole is told to nobody',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const lost = !isShared(this.#sequences.highest)',
        replace: 'const lost = !isShared(this.#sequences.contiguous)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reports the loss of an acknowledged write beyond a gap',
    },
  },
  {
    name: 'unknown-parent-is-a-loss',
    statement: 'An epoch that does not know ours counts as a loss, and all is loaded again',
    consequence: 'what the store lost is kept, and nobody is told',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'fork !== undefined && sequence <= fork',
        replace: 'fork === undefined || sequence <= fork',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reloads all replicas and reports a loss when the new epoch does not know the earlier one',
    },
  },
]
