/** Size limits of one fetch response, in bytes. A broker returns a Kafka partition's next batch even if it exceeds them. */
export const FETCH_LIMITS = {
  partitionBytes: 1_048_576,
  responseBytes: 10_485_760,
} as const
