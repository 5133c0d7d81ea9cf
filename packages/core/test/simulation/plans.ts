/** The kinds of schedules, by what may go wrong in them. */
export const plans = {
  'without faults': { faults: false, losses: false },
  'with messages, calls, processes and clocks that go wrong': { faults: true, losses: false },
  'with a store that loses its tail, too': { faults: true, losses: true },
} as const
