"""Reading a level through a host that is kept open opens no file and allocates nothing; the program that proves it counts both."""
import os


def test_ten_thousand_reads_open_no_file_and_allocate_nothing(link):
    _, server = link
    done = server.run(os.environ["LVSARP_BENCH_BIN"], "prove", "eth0", check=False)
    assert done.returncode == 0, done.stderr
    assert "10000" in done.stdout.replace(",", ""), done.stdout
