/** What a code means, whether trying the same call again can help, and what to do. The docs page of errors is tested against this table. */
export interface ErrorEntry {
  readonly retryable: boolean
  readonly meaning: string
  readonly advice: string
}

const entry = (retryable: boolean, meaning: string, advice: string): ErrorEntry => ({ retryable, meaning, advice })

/** Every code that Sluice can raise, in one place. */
export const errorTable = {
  // ---- what was passed in: raised before any I/O
  UNKNOWN_OPTION: entry(
    false,
    'An options object has a key that does not exist.',
    'Remove it or correct its spelling.',
  ),
  INVALID_OPTION: entry(
    false,
    'An option has a value outside its range or of the wrong type.',
    'Correct the named option.',
  ),
  INVALID_NAME: entry(
    false,
    'A topic or group name is empty, too long, has a character that is not allowed, or ends in a reserved suffix.',
    'Use letters, digits, "-" and "_" (topics also "."), at most 100 characters.',
  ),
  NAME_COLLISION: entry(
    false,
    'Two different topics or subscriptions use one name.',
    'Share one topic value, or give one of them another name.',
  ),
  INVALID_HEADER: entry(
    false,
    'A header name or value cannot be carried.',
    'Names are visible ASCII without ":", values are well-formed strings; names that start with "sluice-" are reserved.',
  ),
  INVALID_KEY: entry(
    false,
    'An ordering key is neither a well-formed string nor bytes, or the topic has no key.',
    'Return a string or a Uint8Array from the key function.',
  ),
  INVALID_ID: entry(
    false,
    'A message id is empty, too long or not well-formed text.',
    'Pass 1 to 200 characters of visible ASCII.',
  ),
  INVALID_PAYLOAD: entry(false, 'A payload does not match the schema of its topic.', 'See `issues` for the fields.'),
  NOT_SERIALIZABLE: entry(
    false,
    'A payload cannot be encoded: circular, a BigInt, a function, or undefined.',
    'Publish plain data, or give the topic a codec.',
  ),
  TOO_LARGE: entry(
    false,
    'A message is larger than the broker or the configuration allows.',
    'Store the body elsewhere and publish a reference, or raise the limit at the broker.',
  ),
  UNKNOWN_TYPE: entry(
    false,
    'A message type is not among the types of its topic.',
    'Pass one of the types that the topic defines.',
  ),
  UNSUPPORTED: entry(
    false,
    'The adapter refuses what was asked for.',
    'Choose an adapter that has the capability, or leave the option out.',
  ),
  ORDER_CONFLICT: entry(
    false,
    'A retry policy that moves messages behind later ones was given to an ordered subscription.',
    'Use placement "in-place" or "auto", or subscribe with order "none".',
  ),

  // ---- configuration
  NO_CONFIGURATION: entry(
    false,
    'Neither a URL, nor SLUICE_URL, nor a sluice.config file was found.',
    'Set SLUICE_URL (for example SLUICE_URL=memory:) or pass a URL to connect().',
  ),
  INVALID_CONFIGURATION: entry(false, 'A configuration file or URL cannot be read.', 'Correct the named field.'),
  UNKNOWN_SCHEME: entry(
    false,
    'No adapter is known for the scheme of the URL.',
    'Use memory:, amqp:, amqps: or kafka:, or pass the adapter.',
  ),
  DUPLICATE_ADAPTER: entry(false, 'Two adapters were given for one URL scheme.', 'Leave one of them out.'),
  ADAPTER_MISSING: entry(
    false,
    'The package of the adapter is not installed.',
    'Run the npm install line of the message.',
  ),

  // ---- connecting
  CONNECT_TIMEOUT: entry(
    true,
    'The broker was not reached within startupTimeoutMs.',
    'Check the address and that the broker is up.',
  ),
  DENIED: entry(
    false,
    'The broker refused the credentials, or the permission for an entity.',
    'Correct user, password, vhost or permissions.',
  ),
  TOPOLOGY_MISMATCH: entry(
    false,
    'What exists at the broker differs from what is asked for.',
    'Read wanted and found in the message; change one of the two.',
  ),
  UNKNOWN_TOPIC: entry(
    false,
    'The topic does not exist at the broker.',
    'Provision it, or connect with topology "declare".',
  ),
  DISCONNECTED: entry(true, 'The connection to the broker was lost.', 'Sluice reconnects by itself; try again later.'),
  BLOCKED: entry(true, 'The broker takes no messages at the moment.', 'Free memory or disk at the broker.'),
  CLOSED: entry(false, 'The messaging object or subscription is closed or closing.', 'Create a new one.'),
  BUSY: entry(
    true,
    'Somebody else holds the exclusive access that is needed.',
    'Wait until the other one has finished.',
  ),

  // ---- publishing
  REFUSED: entry(false, 'The broker refused the message: it is in no group and will be in none.', 'Read the cause.'),
  UNROUTABLE: entry(
    false,
    'No group would receive the message, and the broker does not keep messages without one.',
    'Create the groups first: defineTopic(…, { groups }) or provision().',
  ),
  UNDURABLE: entry(
    true,
    'The broker cannot store the message durably enough at the moment.',
    'Bring back the missing replicas.',
  ),
  UNCERTAIN: entry(
    true,
    'It is not known whether the broker has stored the message.',
    'Publish again under the same id; a consumer with idempotency handles it once.',
  ),
  TIMEOUT: entry(
    true,
    'The deadline passed before the message was written. It was not sent.',
    'Publish again, or raise timeoutMs.',
  ),
  ABORTED: entry(false, 'The caller aborted before the message was written. It was not sent.', 'Nothing to do.'),
  BUFFER_FULL: entry(
    true,
    'More publishes wait than the buffer allows. This one was not sent.',
    'Await publishes, or raise the limits of `buffer`.',
  ),
  BATCH_FAILED: entry(
    true,
    'At least one message of a batch was not stored.',
    'Read `results`: one entry per message.',
  ),

  // ---- consuming
  UNDECODABLE: entry(
    false,
    'The bytes of a message cannot be decoded.',
    'Look at the dead letter; fix the producer or the codec.',
  ),
  UNHANDLED_TYPE: entry(
    false,
    'A message has a type that the subscription does not handle.',
    'Add a handler for the type.',
  ),
  NO_ID: entry(
    false,
    'A foreign message has no id and idempotency needs one.',
    'Pass an `id` function to the idempotency options.',
  ),
  ALREADY_SETTLED: entry(false, 'The delivery was settled before.', 'Settle once: ack, retry, deadLetter or giveBack.'),
  DELIVERY_LOST: entry(
    true,
    'This process no longer owns the delivery; it is handed over again.',
    'Stop working when delivery.signal fires.',
  ),
  HANDLER_TIMEOUT: entry(
    true,
    'The handler ran longer than handlerTimeoutMs.',
    'Listen to delivery.signal, or raise the limit.',
  ),
  DEADLINE: entry(
    true,
    'The drain deadline passed while the handler ran.',
    'Listen to delivery.signal, or raise deadlineMs.',
  ),
  HANDLER_FAILED: entry(
    true,
    'The handler asked for a retry, or threw something that is not an Error.',
    'Read the cause.',
  ),
  CRASH_LOOP: entry(
    false,
    'The message ended the process of its handler again and again.',
    'Look at the dead letter; fix the handler, then redrive.',
  ),
  UNREADABLE: entry(
    false,
    'The client cannot read what the broker has at a position.',
    'Skip the position with the tools of the broker.',
  ),
  POSITION_LOST: entry(
    false,
    'The position of the group is gone at the broker (retention).',
    'Choose onPositionLost, or reset the position of the group.',
  ),
  STORE_FAILED: entry(true, 'The idempotency store did not answer.', 'Bring the store back; see onStoreDown.'),
  INTERNAL: entry(false, 'A defect in Sluice or in an adapter.', 'Please report it with the stack.'),
} as const satisfies Readonly<Record<string, ErrorEntry>>

/** Code of a {@link SluiceError}. */
export type ErrorCode = keyof typeof errorTable
