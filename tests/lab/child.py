"""A function in a child process, which may change its namespaces; its result, or its exception, comes back."""
import os
import pickle


def in_a_child(function, *arguments):
    """What the function returns in a forked child; what it raises is raised here."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                answer = True, function(*arguments)
            except BaseException as error:
                answer = False, error
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    assert text, "the child ended without an answer"
    good, answer = pickle.loads(text)
    if good:
        return answer
    raise answer
