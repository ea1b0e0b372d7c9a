/** What {@link FETCH_PROGRAM} prints, one JSON object a line. */
export interface FetchMessage {
  /** The wheel that was found, and its size where the index or the server says it. */
  file?: string;
  total?: number;
  /** Bytes that are on the disk. */
  done?: number;
  /** The wheel's file name, once it is complete and checked. */
  wheel?: string;
  /** No wheel fits. */
  none?: boolean;
  /** pip's own parts are not where they are expected: its command line has to do. */
  unsupported?: string;
  /** What went wrong, for people. */
  failed?: string;
}

/**
 * Finds a wheel as `pip download` would (same arguments, same configuration: indexes, proxies, certificates, credentials) and downloads it
 * with pip's own session, but goes on where an earlier attempt stopped (HTTP range requests, RFC 9110 §14), and checks the SHA-256 that the
 * index gives (PEP 503 and 691). pip itself starts a download anew each time, which at hundreds of megabytes matters.
 * Arguments: the folder, then those of `pip download`, the requirement last. pip's internals may change, so nothing relies on them alone.
 */
export const FETCH_PROGRAM = String.raw`
import hashlib, json, os, shutil, sys, time

def say(**message):
    print(json.dumps(message), flush=True)

try:
    from pip._internal.cli import cmdoptions
    from pip._internal.commands import create_command
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.requests.exceptions import HTTPError, RequestException
    from pip._vendor.urllib3.exceptions import HTTPError as TransportError

    folder, command = sys.argv[1], create_command("download")
    options, (wanted,) = command.parse_args(sys.argv[2:])
    session = command._build_session(options)
    finder = command._build_package_finder(options=options, session=session, target_python=cmdoptions.make_target_python(options))
    requirement = Requirement(wanted)
    find = finder.find_best_candidate
except Exception as error:
    say(unsupported=repr(error))
    sys.exit(0)

try:
    best = find(requirement.name, requirement.specifier).best_candidate
    if best is None:
        say(none=True)
        sys.exit(0)
    link = best.link
    name, url = link.filename, link.url_without_fragment
    expected = link.hash if link.hash_name == "sha256" else None
    for adapter in session.adapters.values():
        if hasattr(adapter, "max_retries"):
            adapter.max_retries = adapter.max_retries.new(total=0)  # receive() is called again below, and goes on
except Exception as error:
    say(unsupported=repr(error))
    sys.exit(0)

final = os.path.join(folder, name)
part = final + ".part"

def size():
    return os.path.getsize(part) if os.path.exists(part) else 0

def receive():
    have = size()
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = "bytes=%d-" % have
    with session.get(url, headers=headers, stream=True, timeout=60) as response:
        if response.status_code == 416:
            # Nothing is left to send, or the file has become another one: the checksum will tell.
            return
        response.raise_for_status()
        if have and response.headers.get("Content-Range", "").startswith("bytes %d-" % have) and response.status_code == 206:
            mode = "ab"
        else:
            mode, have = "wb", 0
        total = have + int(response.headers.get("Content-Length") or 0)
        say(file=name, total=total if total > have else 0)
        said = 0
        with open(part, mode) as out:
            for block in response.iter_content(1 << 18):
                out.write(block)
                have += len(block)
                if time.time() - said > 0.25:
                    said = time.time()
                    say(done=have)
            out.flush()
            os.fsync(out.fileno())
        say(done=have)
        if have < total:
            raise ConnectionError("the connection ended after %d of %d bytes" % (have, total))

def download():
    failures = 0
    while True:
        before = size()
        try:
            return receive()
        except HTTPError as error:
            if error.response is None or error.response.status_code < 500:
                raise
            problem = error
        except (RequestException, TransportError, OSError) as error:
            problem = error
        # Patience is for standing still: whoever makes progress may fail as often as it takes.
        failures = 0 if size() > before else failures + 1
        if failures > 4:
            raise problem
        time.sleep(0.1 * 2 ** failures)

def digest():
    sha = hashlib.sha256()
    with open(part, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()

try:
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(final):
        resumed = size() > 0
        while True:
            if link.is_file:
                shutil.copyfile(link.file_path, part)
            else:
                download()
            found = digest() if expected else None
            if found == expected:
                break
            os.remove(part)
            if not resumed:
                say(failed="%s is damaged: expected SHA-256 %s, found %s" % (name, expected, found))
                sys.exit(0)
            resumed = False  # what lay there from before may have been another file's beginning: once more, from the start
        os.replace(part, final)
    say(wheel=name)
except Exception as error:
    say(failed="%s: %s" % (type(error).__name__, error))
`;
