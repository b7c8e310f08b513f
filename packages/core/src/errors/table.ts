/**
 * Every code that Sluice can raise, in one place, and whether the same call may succeed later. The comment of each says what it means
 * and, after the arrow, what to do; a test keeps the docs page equal to it.
 */
export const errorTable = {
  // ---- what was passed in: raised before any I/O
  /** An options object has a key that does not exist. → Remove it or correct its spelling. */
  UNKNOWN_OPTION: false,
  /** An option has a value outside its range or of the wrong type. → Correct the named option. */
  INVALID_OPTION: false,
  /** A topic or group name is empty, too long, has a character that is not allowed, or ends in a reserved suffix. → Use letters, digits, "-" and "_" (topics also "."), at most 100 characters. */
  INVALID_NAME: false,
  /** Two different topics or subscriptions use one name. → Share one topic value, or give one of them another name. */
  NAME_COLLISION: false,
  /** A header name or value cannot be carried. → Names are visible ASCII without ":", values are well-formed strings; names that start with "sluice-" are reserved. */
  INVALID_HEADER: false,
  /** An ordering key is neither a well-formed string nor bytes, or the topic has no key. → Return a string or a Uint8Array from the key function. */
  INVALID_KEY: false,
  /** A message id is empty, too long or not well-formed text. → Pass 1 to 200 characters of visible ASCII. */
  INVALID_ID: false,
  /** A payload does not match the schema of its topic. → See `issues` for the fields. */
  INVALID_PAYLOAD: false,
  /** A payload cannot be encoded: circular, a BigInt, a function, or undefined. → Publish plain data, or give the topic a codec. */
  NOT_SERIALIZABLE: false,
  /** A message is larger than the broker or the configuration allows. → Store the body elsewhere and publish a reference, or raise the limit at the broker. */
  TOO_LARGE: false,
  /** A message type is not among the types of its topic. → Pass one of the types that the topic defines. */
  UNKNOWN_TYPE: false,
  /** The adapter refuses what was asked for. → Choose an adapter that has the capability, or leave the option out. */
  UNSUPPORTED: false,
  /** A retry policy that moves messages behind later ones was given to an ordered subscription. → Use placement "in-place" or "auto", or subscribe with order "none". */
  ORDER_CONFLICT: false,

  // ---- configuration
  /** Neither a URL, nor SLUICE_URL, nor a sluice.config file was found. → Set SLUICE_URL (for example SLUICE_URL=memory:) or pass a URL to connect(). */
  NO_CONFIGURATION: false,
  /** A configuration file or URL cannot be read. → Correct the named field. */
  INVALID_CONFIGURATION: false,
  /** No adapter is known for the scheme of the URL. → Use memory:, amqp:, amqps: or kafka:, or pass the adapter. */
  UNKNOWN_SCHEME: false,
  /** Two adapters were given for one URL scheme. → Leave one of them out. */
  DUPLICATE_ADAPTER: false,
  /** The package of the adapter is not installed. → Run the npm install line of the message. */
  ADAPTER_MISSING: false,

  // ---- connecting
  /** The broker was not reached within startupTimeoutMs. → Check the address and that the broker is up. */
  CONNECT_TIMEOUT: true,
  /** The broker refused the credentials, or the permission for an entity. → Correct user, password, vhost or permissions. */
  DENIED: false,
  /** What exists at the broker differs from what is asked for. → Read wanted and found in the message; change one of the two. */
  TOPOLOGY_MISMATCH: false,
  /** The topic does not exist at the broker. → Provision it, or connect with topology "declare". */
  UNKNOWN_TOPIC: false,
  /** The connection to the broker was lost. → Sluice reconnects by itself; try again later. */
  DISCONNECTED: true,
  /** The broker takes no messages at the moment. → Free memory or disk at the broker. */
  BLOCKED: true,
  /** The messaging object or subscription is closed or closing. → Create a new one. */
  CLOSED: false,
  /** Somebody else holds the exclusive access that is needed. → Wait until the other one has finished. */
  BUSY: true,

  // ---- publishing
  /** The broker refused the message: it is in no group and will be in none. → Read the cause. */
  REFUSED: false,
  /** No group would receive the message, and the broker does not keep messages without one. → Create the groups first: defineTopic(…, { groups }) or provision(). */
  UNROUTABLE: false,
  /** The broker cannot store the message durably enough at the moment. → Bring back the missing replicas. */
  UNDURABLE: true,
  /** It is not known whether the broker has stored the message. → Publish again under the same id; a consumer with idempotency handles it once. */
  UNCERTAIN: true,
  /** The deadline passed before the message was written. It was not sent. → Publish again, or raise timeoutMs. */
  TIMEOUT: true,
  /** The caller aborted before the message was written. It was not sent. → Nothing to do. */
  ABORTED: false,
  /** More publishes wait than the buffer allows. This one was not sent. → Await publishes, or raise the limits of `buffer`. */
  BUFFER_FULL: true,
  /** At least one message of a batch was not stored. → Read `results`: one entry per message. */
  BATCH_FAILED: true,

  // ---- consuming
  /** The bytes of a message cannot be decoded. → Look at the dead letter; fix the producer or the codec. */
  UNDECODABLE: false,
  /** A message has a type that the subscription does not handle. → Add a handler for the type. */
  UNHANDLED_TYPE: false,
  /** A foreign message has no id and idempotency needs one. → Pass an `id` function to the idempotency options. */
  NO_ID: false,
  /** The delivery was settled before. → Settle once: ack, retry, deadLetter or giveBack. */
  ALREADY_SETTLED: false,
  /** This process no longer owns the delivery; it is handed over again. → Stop working when delivery.signal fires. */
  DELIVERY_LOST: true,
  /** The handler ran longer than handlerTimeoutMs. → Listen to delivery.signal, or raise the limit. */
  HANDLER_TIMEOUT: true,
  /** The drain deadline passed while the handler ran. → Listen to delivery.signal, or raise deadlineMs. */
  DEADLINE: true,
  /** The handler asked for a retry, or threw something that is not an Error. → Read the cause. */
  HANDLER_FAILED: true,
  /** The message ended the process of its handler again and again. → Look at the dead letter; fix the handler, then redrive. */
  CRASH_LOOP: false,
  /** The client cannot read what the broker has at a position. → Skip the position with the tools of the broker. */
  UNREADABLE: false,
  /** The position of the group is gone at the broker (retention). → Choose onPositionLost, or reset the position of the group. */
  POSITION_LOST: false,
  /** The idempotency store did not answer. → Bring the store back; see onStoreDown. */
  STORE_FAILED: true,
  /** A defect in Sluice or in an adapter. → Please report it with the stack. */
  INTERNAL: false,
} as const

/** Code of a {@link SluiceError}. */
export type ErrorCode = keyof typeof errorTable
