/** How much one answer to a read may hold, in bytes: a partition's next batch always fits, whatever its size. */
export const FETCH_LIMITS = {
  partitionBytes: 1_048_576,
  responseBytes: 10_485_760,
} as const
